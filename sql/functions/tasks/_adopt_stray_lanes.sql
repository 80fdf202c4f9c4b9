-- Rows that wait in a lane of a task's own which it does not have any more (they were enqueued while its lane changed): moves them
-- into the lane it has, at most 1000 a lane and call. Called with every heartbeat, one or two index probes a task.
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
    v_stray record;
begin
    for v_stray in
        select t.lane, array_agg(e.id) as ids
        from pgconductor.workers w
        cross join lateral unnest(w.task_keys) u (key)
        join pgconductor.tasks t on t.key = u.key
        cross join lateral (values (pgconductor._own_lane(u.key, false)), (pgconductor._own_lane(u.key, true))) o (lane)
        cross join lateral (
            select x.id
            from pgconductor.executions x
            where x.queue = w.queue and x.lane = o.lane
            order by x.queue, x.lane, x.priority desc, x.run_at
            limit 1000
            for update skip locked
        ) e
        where w.orchestrator_id = p_orchestrator_id and o.lane <> t.lane
        group by t.lane
    loop
        update pgconductor.executions e set lane = v_stray.lane where e.id = any (v_stray.ids);
    end loop;
end
$$;
