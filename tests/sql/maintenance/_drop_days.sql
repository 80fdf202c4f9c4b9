begin;
select plan(7);
select pgconductor._make_day('failed_executions', d) from unnest('{2025-01-14,2025-01-15,2025-01-16}'::date[]) d;
insert into pgconductor.failed_executions (id, expires_at, created_at, finished_at, priority, attempts, queue, task_key, reason, large_payload_bytes)
select test.id(n), '2025-01-13 12:00+00'::timestamptz + n * interval '1 day', now(), now(), 0, 1, 'default', 't', 'r', 10 from generate_series(1, 3) n;
insert into pgconductor.payloads select test.id(n), '1' from generate_series(1, 4) n;
select results_eq($$ select * from pgconductor._drop_days('failed_executions', '2025-01-16') $$, 'values (2, 0)', 'the days before today');
select is((select array_agg(id) from pgconductor.failed_executions), array[test.id(3)], 'today stays');
select is((select array_agg(execution_id order by execution_id) from pgconductor.payloads), array[test.id(3), test.id(4)], 'only their large payloads go');
select results_eq($$ select * from pgconductor._drop_days('failed_executions', '2025-01-16') $$, 'values (0, 0)', 'once');
select has_table('pgconductor', 'failed_executions_default', 'the default partition and the one for ever are no days');
select pgconductor._make_day('failed_executions', '2025-01-14');
insert into pgconductor.failed_executions (id, expires_at, created_at, finished_at, priority, attempts, queue, task_key, reason, flow) values (test.id(8), '2025-01-14 12:00+00', now(), now(), 0, 1, 'default', 't', 'r', '{}');
insert into pgconductor.steps (execution_id, name, ordinal, started_at, finished_at) select test.id(n), 'a', 1, now(), now() from generate_series(8, 9) n;
select is((select dropped from pgconductor._drop_days('failed_executions', '2025-01-16')), 1, 'a day with steps');
select is((select array_agg(execution_id) from pgconductor.steps), array[test.id(9)], 'takes them with it');
select * from finish();
rollback;
