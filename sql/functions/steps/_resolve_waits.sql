-- Gives waits their outcome, and wakes the executions that waited for no more than that: what a child's end, an event, or
-- whatever else is waited for, calls. Parallel arrays: the waiting execution and its queue, the step's name, the result and
-- whether it is a failure. A wait that has its outcome already, or that nobody has any more, is passed over.
--
-- Never lost: a wait is resolved whether its execution waits or is on its way there. One that suspends locks the
-- waits it goes on waiting for (see _settle_flows), so either it finds the outcome, or it is found here.
-- Locks: steps (single ones before groups), then executions, each in order.
--
-- Planner: each step is looked up by a subquery of its own (limit 1), and updated where that found it. A join with a table that was
-- empty when the plan was made may walk through all of its key ever after, the more readily for being asked for its order.
create or replace function pgconductor._resolve_waits(
    p_execution_ids uuid[],
    p_queues        text[],
    p_names         text[],
    p_failed        boolean[],
    p_results       jsonb[],
    p_now           timestamptz)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_ids    uuid[];
    v_groups text[];
    v_left   uuid[];
    v_wake   record;
    v_queues text[] := '{}';
    v_queue  text;
begin
    perform 1
    from (select distinct x.execution_id, x.name collate "C" as name from unnest(p_execution_ids, p_names) x (execution_id, name) order by 1, 2) u
    cross join lateral (
        select 1 from pgconductor.steps x where x.execution_id = u.execution_id and x.name = u.name limit 1 for update) s;

    with resolved as (
        update pgconductor.steps s
        set finished_at = p_now, failed = u.failed, result = u.result, bytes = coalesce(pg_column_size(u.result), 0)
        from (
            select x.row, g.failed, g.result
            from unnest(p_execution_ids, p_names, p_failed, p_results) g (execution_id, name, failed, result)
            cross join lateral (
                select y.ctid as row from pgconductor.steps y
                where y.execution_id = g.execution_id and y.name = g.name and y.finished_at is null limit 1) x
        ) u
        where s.ctid = u.row
        returning s.execution_id, s.group_name
    )
    select array_agg(r.execution_id), array_agg(r.group_name) into v_ids, v_groups from resolved r;

    if v_ids is null then
        return;
    end if;

    -- Members of a group wake nobody but the last.
    if cardinality(array_remove(v_groups, null)) > 0 then
        perform 1
        from (
            select distinct x.execution_id, x.name collate "C" as name
            from unnest(v_ids, v_groups) x (execution_id, name)
            where x.name is not null
            order by 1, 2
        ) u
        cross join lateral (
            select 1 from pgconductor.steps x where x.execution_id = u.execution_id and x.name = u.name limit 1 for update) s;

        with counted as (
            update pgconductor.steps s
            set pending = s.pending - g.n, finished_at = case when s.pending <= g.n then p_now end
            from (
                select x.row, u.n
                from (
                    select y.execution_id, y.name, count(*)::integer as n
                    from unnest(v_ids, v_groups) y (execution_id, name)
                    where y.name is not null
                    group by y.execution_id, y.name
                ) u
                cross join lateral (
                    select z.ctid as row from pgconductor.steps z
                    where z.execution_id = u.execution_id and z.name = u.name and z.finished_at is null limit 1) x
            ) g
            where s.ctid = g.row
            returning s.execution_id, s.pending
        )
        select coalesce(array_agg(c.execution_id) filter (where c.pending <= 0), '{}') into v_left from counted c;

        v_left := v_left || array(select u.execution_id from unnest(v_ids, v_groups) u (execution_id, name) where u.name is null);
    else
        v_left := v_ids;
    end if;

    for v_wake in
        select distinct u.execution_id, u.queue
        from unnest(p_execution_ids, p_queues) u (execution_id, queue)
        where u.execution_id = any (v_left)
        order by u.execution_id
    loop
        update pgconductor.executions e
        set run_at = p_now, flow = e.flow - 'waiting'
        where e.id = v_wake.execution_id and e.flow ? 'waiting';
        if found and v_wake.queue <> all (v_queues) then
            v_queues := v_queues || v_wake.queue;
        end if;
    end loop;

    foreach v_queue in array v_queues loop
        perform pgconductor._wake(v_queue);
    end loop;
end
$$;
