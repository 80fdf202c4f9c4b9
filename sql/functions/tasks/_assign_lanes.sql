-- Decides the lane of every task served on a queue (see register_worker). A task leaves the plain lane at once; it joins
-- it, or takes another lane of its own because it has limits now, only when nothing waits in the one it has, so that no backlog has
-- to move.
create or replace function pgconductor._assign_lanes(p_queue text)
returns void
language plpgsql
set search_path = ''
as $$
begin
    with served as (
        select distinct u.key
        from pgconductor.workers w cross join lateral unnest(w.task_keys) u (key)
        where w.queue = p_queue
    ),
    wanted as (
        select t.key, t.lane, case
            when t.holds then pgconductor._own_lane(t.key, true)
            when t.week_open is not null or t.paused or t.batch_size is not null or exists (
                select from pgconductor.workers w where w.queue = p_queue and t.key <> all (w.task_keys))
            then coalesce(nullif(t.lane, ''), pgconductor._own_lane(t.key, false)) else '' end as lane_wanted
        from pgconductor.tasks t join served s on s.key = t.key
        order by t.key
    )
    update pgconductor.tasks t
    set lane = w.lane_wanted
    from wanted w
    where t.key = w.key and w.lane <> w.lane_wanted
        and (w.lane = '' or not exists (
            -- On any queue: its lane is the same on all of them.
            select from pgconductor.queues q
            where (select true from pgconductor.executions e where e.queue = q.name and e.lane = w.lane
                order by e.queue, e.lane, e.priority desc limit 1)));
end
$$;
