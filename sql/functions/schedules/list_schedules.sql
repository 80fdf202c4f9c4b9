-- The schedules, by key; p_key: only that one. service null: dynamic. next_run_at null: no tick is left, it is paused, or no process
-- has looked at it yet.
create or replace function pgconductor.list_schedules(p_key text default null)
returns table (
    key text, service text, task_key text, queue text, cron text, time_zone text, payload jsonb, priority integer, missed text,
    tolerance_seconds double precision, catch_up integer, overlap boolean, paused boolean, last_tick timestamptz, next_run_at timestamptz,
    last_run_at timestamptz, fault text, created_at timestamptz, updated_at timestamptz)
language sql
stable
set search_path = ''
as $$
    select s.key, s.service, s.task_key, s.queue, s.cron, s.time_zone, s.payload, s.priority::integer, s.missed,
        extract(epoch from s.tolerance)::double precision, s.catch_up, s.overlap, s.paused, s.last_tick, s.next_run_at, s.last_run_at, s.fault,
        s.created_at, s.updated_at
    from pgconductor.schedules s
    where p_key is null or s.key = p_key
    order by s.key
$$;
