-- Rows that wait in a task's own lane although the task is back in the plain lane (they were enqueued while the lane
-- changed): moves them, at most 1000 a task and call. Called with every heartbeat, one index probe a task.
create or replace function pgconductor._adopt_stray_lanes(p_orchestrator_id uuid)
returns void
language sql
set search_path = ''
set enable_seqscan = off
as $$
    with stray as (
        select e.id, e.queue
        from pgconductor.workers w
        cross join lateral unnest(w.task_keys) u (key)
        join pgconductor.tasks t on t.key = u.key and t.lane = ''
        cross join lateral (
            select x.id, x.queue
            from pgconductor.executions x
            where x.queue = w.queue and x.lane = u.key
            limit 1000
            for update skip locked
        ) e
        where w.orchestrator_id = p_orchestrator_id
    )
    update pgconductor.executions e set lane = ''
    from stray s
    where e.id = s.id and e.queue = s.queue
$$;
