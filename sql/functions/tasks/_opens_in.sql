-- In how many seconds the first of the given tasks' windows opens for which something waits on the queue; null: none does. Asked by
-- claims that found nothing: a probe of the index a task.
create or replace function pgconductor._opens_in(p_queue text, p_task_keys text[], p_now timestamptz)
returns double precision
language sql
stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
    select min(extract(epoch from pgconductor._window_change(t.week_open, t.time_zone, p_now) - p_now))::double precision
    from pgconductor.tasks t
    where t.key = any (p_task_keys) and t.week_open is not null and not t.paused
        and (select true from pgconductor.executions e where e.queue = p_queue and e.lane = t.lane
            order by e.queue, e.lane, e.priority desc limit 1)
$$;
