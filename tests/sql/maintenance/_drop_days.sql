begin;
select plan(5);
select pgconductor._make_day('failed_executions', d) from unnest('{2025-01-14,2025-01-15,2025-01-16}'::date[]) d;
insert into pgconductor.failed_executions (id, expires_at, created_at, finished_at, priority, attempts, queue, task_key, reason, large_payload_bytes)
select test.id(n), '2025-01-13 12:00+00'::timestamptz + n * interval '1 day', now(), now(), 0, 1, 'default', 't', 'r', 10 from generate_series(1, 3) n;
insert into pgconductor.payloads select test.id(n), '1' from generate_series(1, 4) n;
select results_eq($$ select * from pgconductor._drop_days('failed_executions', '2025-01-16') $$, 'values (2, 0)', 'the days before today');
select is((select array_agg(id) from pgconductor.failed_executions), array[test.id(3)], 'today stays');
select is((select array_agg(execution_id order by execution_id) from pgconductor.payloads), array[test.id(3), test.id(4)], 'only their large payloads go');
select results_eq($$ select * from pgconductor._drop_days('failed_executions', '2025-01-16') $$, 'values (0, 0)', 'once');
select has_table('pgconductor', 'failed_executions_default', 'the default partition and the one for ever are no days');
select * from finish();
rollback;
