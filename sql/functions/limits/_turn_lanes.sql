-- After a claim: the lanes of keys it looked at get their next turn, behind the others; those it found nothing due in (p_idle) not
-- before a second has passed, unless the same claim has moved something there since. A lane that is empty loses its mark, unless somebody is just adding to it (_waiting_lane). Lanes of a
-- task whose lock somebody else has keep what they have. p_marks: where their rows are; one that somebody else has changed meanwhile
-- has had its turn.
--
-- Planner: by tid, as _delete_rows; a lane is looked into in the order of the claim's index, because an empty table's indexes all cost the
-- same; else see _open_limits.
create or replace function pgconductor._turn_lanes(
    p_queue text,
    p_tasks text[],
    p_keys  text[],
    p_marks tid[],
    p_idle  boolean[],
    p_now   timestamptz)
returns void
language plpgsql
set search_path = ''
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set enable_incremental_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
    -- Parallel arrays; a lane by what it is of.
    v_names     text[];
    v_marks     tid[];
    v_revisions integer[];
    v_opens     timestamptz[];
    v_empty     tid[];
begin
    select array_agg(u.task || E'\x01' || u.key), array_agg(u.mark), array_agg(t.limits_revision),
        array_agg(case
            when u.idle and coalesce((
                select e.run_at from pgconductor.executions e
                where e.queue = p_queue and e.lane = pgconductor._held_lane(u.task, u.key)
                order by e.queue, e.lane, e.priority desc, e.run_at limit 1) > p_now, true)
            then greatest(s.opens_at, p_now + interval '1 second')
            else s.opens_at
        end)
    into v_names, v_marks, v_revisions, v_opens
    from (
        select x.task, x.key, x.mark, bool_and(x.idle) as idle
        from unnest(p_tasks, p_keys, p_marks, p_idle) x (task, key, mark, idle)
        where x.task in (select d.task from (select distinct y.task from unnest(p_tasks) y (task)) d where pgconductor._lock_limits(d.task))
        group by x.task, x.key, x.mark
    ) u
    cross join lateral (
        select x.limits_revision, x.max_running_per_key, x.key_rate_count, x.key_rate_seconds, x.key_rate_burst
        from pgconductor.tasks x where x.key = u.task limit 1) t
    left join lateral (
        select x.running, x.tokens, x.refilled_at from pgconductor.limits x where x.task_key = u.task and x.key = u.key limit 1) l on true
    cross join lateral pgconductor._limit_state(t.max_running_per_key, t.key_rate_count, t.key_rate_seconds, t.key_rate_burst,
        l.running, l.tokens, l.refilled_at, p_now) s;

    if v_names is null then
        return;
    end if;

    -- Locked first and looked into then: what was added before the lock is seen, and after it nobody adds.
    select array_agg(e.ctid) into v_empty
    from (
        select h.ctid
        from pgconductor.held_lanes h
        where h.ctid = any (v_marks) and h.task_key || E'\x01' || h.key = any (v_names)
            and (
                select 1 from pgconductor.executions e where e.queue = p_queue and e.lane = h.lane
                order by e.queue, e.lane, e.priority desc limit 1) is null
        for update of h skip locked
    ) e;

    if v_empty is not null then
        delete from pgconductor.held_lanes h
        where h.ctid = any (v_empty)
            and (
                select 1 from pgconductor.executions e where e.queue = p_queue and e.lane = h.lane
                order by e.queue, e.lane, e.priority desc limit 1) is null;
    end if;

    update pgconductor.held_lanes h
    set revision = v_revisions[array_position(v_names, h.task_key || E'\x01' || h.key)],
        opens_at = v_opens[array_position(v_names, h.task_key || E'\x01' || h.key)]
    where h.ctid = any (v_marks) and h.task_key || E'\x01' || h.key = any (v_names);
end
$$;
