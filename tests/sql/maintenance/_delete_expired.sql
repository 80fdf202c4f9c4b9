begin;
select plan(7);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.completed_executions (id, expires_at, created_at, started_at, finished_at, priority, attempts, queue, task_key, large_payload_bytes)
select test.id(n), '2025-01-15 10:00+00'::timestamptz + (n - 3) * interval '1 second', now(), now(), now(), 0, 1, 'default', 't', case when n < 3 then 1 end from generate_series(1, 5) n;
insert into pgconductor.payloads select test.id(n), '1' from generate_series(1, 3) n;
select is(pgconductor._delete_expired('completed_executions', 2), 2::bigint, 'at most so many');
select is((select array_agg(id order by id) from pgconductor.completed_executions), array[test.id(3), test.id(4), test.id(5)], 'the oldest first');
select is((select array_agg(execution_id) from pgconductor.payloads), array[test.id(3)], 'their large payloads too; not one of an execution that points at none');
select is(pgconductor._delete_expired('completed_executions', 2), 1::bigint, 'to the very instant');
select is(pgconductor._delete_expired('completed_executions', 2), 0::bigint, 'not before');

-- Steps go with the dead letter that kept them.
insert into pgconductor.failed_executions (id, expires_at, created_at, finished_at, priority, attempts, queue, task_key, reason, flow)
select test.id(n), '2025-01-15 10:00+00'::timestamptz + (n - 11) * interval '1 hour', now(), now(), 0, 1, 'default', 't', 'r', '{}' from generate_series(11, 12) n;
insert into pgconductor.steps (execution_id, name, ordinal, started_at, finished_at) select test.id(n), 'a', 1, now(), now() from generate_series(11, 13) n;
select is(pgconductor._delete_expired('failed_executions', 10), 1::bigint, 'a dead letter with steps');
select is((select array_agg(execution_id order by execution_id) from pgconductor.steps), array[test.id(12), test.id(13)], 'takes them with it');
select * from finish();
rollback;
