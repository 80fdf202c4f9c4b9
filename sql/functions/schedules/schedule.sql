-- Makes a dynamic schedule, or changes it: runs of a task by the clock of a time zone. 'created', 'changed' or 'unchanged'.
--
-- p_cron: five or six fields, see docs/concepts/schedules.md. p_queue null: the task's. p_missed: what becomes of runs seen later
-- than p_tolerance: 'skip' drops them, 'once' runs the latest, 'all' makes up for each, at most p_catch_up at a time.
-- p_overlap false: a tick is left out while an earlier run of the schedule waits or runs.
-- A new expression or zone begins now; everything else holds from the next run on. A pause stays.
-- Errors: PC002 no such queue; PC004 a value that cannot be; PC009 a service declares a schedule of this key.
create or replace function pgconductor.schedule(
    p_key       text,
    p_task_key  text,
    p_cron      text,
    p_payload   jsonb default '{}',
    p_time_zone text default 'UTC',
    p_queue     text default null,
    p_priority  integer default 0,
    p_missed    text default 'once',
    p_tolerance interval default '1 minute',
    p_catch_up  integer default 100,
    p_overlap   boolean default true)
returns text
language plpgsql
set search_path = ''
as $$
begin
    return pgconductor._put_schedule(p_key, null, p_task_key, p_cron, p_payload, p_time_zone, p_queue, p_priority, p_missed,
        p_tolerance, p_catch_up, p_overlap);
end
$$;
