begin;
select plan(18);
-- Few and narrow: each index is paid for by every insert and every claim.
select indexes_are('pgconductor', 'executions', array['executions_pkey', 'executions_due'], 'executions has two');
select is(pg_get_indexdef('pgconductor.executions_due'::regclass) like '%(queue, lane, priority DESC, run_at)', true, 'the claim''s index, in the claim''s order');
select indexes_are('pgconductor', 'leases', array['leases_pkey', 'leases_orchestrator'], 'leases has two');
select indexes_are('pgconductor', 'completed_executions', array['completed_executions_id'], 'the history one');
select indexes_are('pgconductor', 'failed_executions', array['failed_executions_id'], 'and the dead letters');
select indexes_are('pgconductor', 'completed_executions_default', array['completed_executions_default_id_idx', 'completed_executions_default_expiry'], 'their default partitions are asked by expiry');
select indexes_are('pgconductor', 'failed_executions_default', array['failed_executions_default_id_idx', 'failed_executions_default_expiry'], 'both');
select indexes_are('pgconductor', 'dedupe_keys', array['dedupe_keys_pkey'], 'keys: one');
select indexes_are('pgconductor', 'paces', array['paces_pkey', 'paces_forget'], 'paces: by key, and what may be forgotten');
select indexes_are('pgconductor', 'steps', array['steps_pkey', 'steps_awaited'], 'steps: by execution, and those that share what they wait for');
select indexes_are('pgconductor', 'events', array['events_pkey', 'events_left'], 'events: those that are left have one of their own');
select indexes_are('pgconductor', 'subscriptions', array['subscriptions_pkey', 'subscriptions_event', 'subscriptions_table'], 'subscriptions: by what they are subscribed to');
select indexes_are('pgconductor', 'payloads', array['payloads_pkey'], 'payloads: one');
select indexes_are('pgconductor', 'tasks', array['tasks_pkey', 'tasks_own_lane'], 'tasks: by key, and those with a lane of their own');
select indexes_are('pgconductor', 'signals', array['signals_pkey', 'signals_orchestrator'], 'signals: by orchestrator');
select indexes_are('pgconductor', 'workers', array['workers_pkey', 'workers_queue'], 'workers: by queue too');
select indexes_are('pgconductor', 'schedules', array['schedules_pkey', 'schedules_due'], 'schedules: by key, and when to look at them');
-- A partition of a queue gets both, by whatever name.
select pgconductor.create_queue('hot', true);
select is((select count(*) from pg_index i join pgconductor.queues q on i.indrelid = ('pgconductor.' || q.partition_name)::regclass where q.name = 'hot'), 2::bigint, 'a queue''s own partition has them too');
select * from finish();
rollback;
