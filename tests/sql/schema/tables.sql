begin;
select plan(17);
select tables_are('pgconductor', array['migrations', 'function_scripts', 'queues', 'tasks', 'executions', 'executions_default', 'payloads', 'dedupe_keys', 'paces', 'steps', 'orphans', 'schedules', 'events', 'subscriptions', 'event_failures',
    'orchestrators', 'workers', 'leases', 'signals', 'completed_executions', 'completed_executions_default', 'completed_executions_forever',
    'failed_executions', 'failed_executions_default', 'failed_executions_forever',
    'execution_logs', 'execution_logs_default', 'execution_logs_forever'], 'the tables of a fresh installation');
select views_are('pgconductor', array['all_executions'], 'and its view');
select is(obj_description('pgconductor'::regnamespace, 'pg_namespace') is not null, true, 'the schema says what it is');
select results_eq('select name, paused, partition_name from pgconductor.queues', $$ values ('default'::text collate "C", false, null::name) $$, 'one queue is there');
select col_default_is('pgconductor', 'executions', 'queue', 'default', 'an execution is on the default queue');
select col_default_is('pgconductor', 'executions', 'priority', 0::smallint, 'with priority 0');
select col_default_is('pgconductor', 'executions', 'lane', '?', 'and a lane to be found');
select is((select array_agg(attname::text || ' ' || pg_get_expr(adbin, adrelid) order by attname) from pg_attrdef d join pg_attribute a on a.attrelid = adrelid and a.attnum = adnum
    where adrelid = 'pgconductor.executions'::regclass and attname in ('id', 'run_at', 'created_at')),
    '{"created_at pgconductor.\"current_time\"()","id pgconductor.uuid_v7()","run_at pgconductor.\"current_time\"()"}', 'times from the one clock, ids in time order');
select is((select array_agg(a.attname::text order by a.attname) from pg_attribute a where a.attrelid = 'pgconductor.tasks'::regclass and a.attname in ('key', 'window_start', 'window_end', 'max_attempts')), '{key,max_attempts,window_end,window_start}', 'what the seed''s example names: tasks');
select is((select count(*) from pg_attribute a where a.attrelid = 'pgconductor.executions'::regclass and a.attname in ('id', 'task_key', 'payload', 'attempts')), 4::bigint, 'and executions');
-- Text that is compared by claims is compared as bytes, wherever it is stored.
select is_empty($$ select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p') join pg_collation l on l.oid = a.attcollation
    where c.relnamespace = 'pgconductor'::regnamespace and a.attname in ('queue', 'lane', 'task_key', 'dedupe_key', 'task_keys') and l.collname <> 'C' $$, 'keys are collated "C" in every table');
-- The leases' big arrays are out of line: recording progress does not rewrite them.
select is((select reloptions @> '{toast_tuple_target=256}' from pg_class where oid = 'pgconductor.leases'::regclass), true, 'leases: small tuples');
-- The columns of executions are not used for what is running.
select is((select count(*) from pg_attribute where attrelid = 'pgconductor.executions'::regclass and attname ~ 'lock|owner|completed|failed'), 0::bigint, 'executions says nothing of running');
select results_eq($$ select state from pgconductor.all_executions where false $$, 'select null::text where false', 'the view has a state');
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.executions (id, task_key, run_at) values (test.id(1), 't', '2025-01-15 10:00+00'), (test.id(2), 't', '2025-01-15 10:00:00.000001+00'), (test.id(3), 't', 'infinity');
select is((select array_agg(test.state(test.id(n)) order by n) from generate_series(1, 3) n), '{ready,scheduled,waiting}', 'which is by the clock');
select is((select count(*) from pgconductor.get_executions('t', test.id(9), 10)), 1::bigint, 'one is claimed');
select is((select state || attempts || orchestrator_id from pgconductor.all_executions where id = test.id(1)), 'running1' || test.id(9), 'and shown as running, once');
select * from finish();
rollback;
