-- Rows that wait in a task's own lane although the task is back in the plain lane (they were enqueued while the lane
-- changed): moves them, at most 1000 a task and call. Called with every heartbeat, one index probe a task.
--
-- Planner: see _find_due; the rows are moved by their ids, for the same reason.
create or replace function pgconductor._adopt_stray_lanes(p_orchestrator_id uuid)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
declare
    v_strays uuid[];
begin
    select array_agg(e.id) into v_strays
    from pgconductor.workers w
    cross join lateral unnest(w.task_keys) u (key)
    join pgconductor.tasks t on t.key = u.key and t.lane = ''
    cross join lateral (
        select x.id
        from pgconductor.executions x
        where x.queue = w.queue and x.lane = u.key
        order by x.queue, x.lane, x.priority desc, x.run_at
        limit 1000
        for update skip locked
    ) e
    where w.orchestrator_id = p_orchestrator_id;

    if v_strays is not null then
        update pgconductor.executions e set lane = '' where e.id = any (v_strays);
    end if;
end
$$;
