begin;
select plan(11);
select results_eq($$ select * from pgconductor._make_day('completed_executions', '2025-01-15') $$, 'values (1, 0)', 'a day');
select results_eq($$ select * from pgconductor._make_day('completed_executions', '2025-01-15') $$, 'values (0, 0)', 'once');
select matches((select pg_get_expr(relpartbound, oid) from pg_class where oid = 'pgconductor.completed_executions_20250115'::regclass),
    format('FROM \(''%s''\) TO \(''%s''\)', replace(timestamptz '2025-01-15 00:00+00'::text, '+', '\+'), replace(timestamptz '2025-01-16 00:00+00'::text, '+', '\+')), 'from midnight to midnight, UTC');
select is((select relreplident::text || (select count(*) from pg_index where indrelid = c.oid and indkey = '1') from pg_class c where oid = 'pgconductor.completed_executions_20250115'::regclass), 'f1', 'with the index of ids, and fit for logical replication');
-- Whatever the session's zone.
set local timezone = 'Asia/Tokyo';
select results_eq($$ select * from pgconductor._make_day('completed_executions', '2025-01-16') $$, 'values (1, 0)', 'the next, from Tokyo');
set local timezone = 'UTC';
-- Rows that came before their day was made.
insert into pgconductor.completed_executions (id, expires_at, created_at, started_at, finished_at, priority, attempts, queue, task_key, large_payload_bytes, payload, result, errors, dedupe_key)
values (test.id(1), '2025-01-17 00:00+00', now(), now(), now(), 1, 2, 'default', 't', 3, '4', '5', '6', '7'), (test.id(2), '2025-01-18 00:00+00', now(), now(), now(), 0, 0, 'default', 't', null, null, null, null, null);
create temp table before as select * from pgconductor.completed_executions;
select is((select array_agg(distinct tableoid::regclass::text) from pgconductor.completed_executions), '{pgconductor.completed_executions_default}', 'rows without a day');
select results_eq($$ select * from pgconductor._make_day('completed_executions', '2025-01-17') $$, 'values (1, 0)', 'their day is made');
select results_eq('select id, tableoid::regclass::text from pgconductor.completed_executions order by id',
    $$ values (test.id(1), 'pgconductor.completed_executions_20250117'), (test.id(2), 'pgconductor.completed_executions_default') $$, 'and takes what is its own');
select results_eq('select * from pgconductor.completed_executions order by id', 'select * from before order by id', 'unchanged');
-- Too many to move.
insert into pgconductor.failed_executions (id, expires_at, created_at, finished_at, priority, attempts, queue, task_key, reason)
select gen_random_uuid(), '2025-01-17 12:00+00', now(), now(), 0, 1, 'default', 't', 'r' from generate_series(1, 100001);
select results_eq($$ select * from pgconductor._make_day('failed_executions', '2025-01-17') $$, 'values (0, 1)', 'more than a hundred thousand: skipped');
select is((select count(*) from pgconductor.failed_executions), 100001::bigint, 'nothing is lost');
select * from finish();
rollback;
