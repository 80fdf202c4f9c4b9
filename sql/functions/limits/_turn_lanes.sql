-- After a claim: the lanes of keys it looked at get their next turn, behind the others; those it found nothing due in (p_idle) not
-- before a second has passed. A lane that is empty loses its mark, unless somebody is just adding to it (_waiting_lane). Lanes of a
-- task whose lock somebody else has keep what they have.
create or replace function pgconductor._turn_lanes(
    p_queue text,
    p_tasks text[],
    p_keys  text[],
    p_idle  boolean[],
    p_now   timestamptz)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tasks text[];
    v_keys  text[];
    v_idle  boolean[];
    v_empty record;
begin
    select array_agg(u.task), array_agg(u.key), array_agg(u.idle)
    into v_tasks, v_keys, v_idle
    from (
        select x.task, x.key, bool_and(x.idle) as idle
        from unnest(p_tasks, p_keys, p_idle) x (task, key, idle)
        group by x.task, x.key
    ) u
    where u.task in (select d.task from (select distinct x.task from unnest(p_tasks) x (task)) d where pgconductor._lock_limits(d.task));

    if v_tasks is null then
        return;
    end if;

    -- Locked first and looked into then: what was added before the lock is seen, and after it nobody adds.
    select array_agg(e.task_key) as tasks, array_agg(e.key) as keys into v_empty
    from (
        select h.task_key, h.key
        from unnest(v_tasks, v_keys) u (task, key)
        join pgconductor.held_lanes h on h.task_key = u.task and h.key = u.key and h.queue = p_queue
        where not exists (select from pgconductor.executions e where e.queue = p_queue and e.lane = h.lane)
        for update of h skip locked
    ) e;

    if v_empty.tasks is not null then
        delete from pgconductor.held_lanes h
        using unnest(v_empty.tasks, v_empty.keys) u (task, key)
        where h.task_key = u.task and h.key = u.key and h.queue = p_queue
            and not exists (select from pgconductor.executions e where e.queue = p_queue and e.lane = h.lane);
    end if;

    update pgconductor.held_lanes h
    set revision = t.limits_revision, opens_at = case when u.idle then greatest(s.opens_at, p_now + interval '1 second') else s.opens_at end
    from unnest(v_tasks, v_keys, v_idle) u (task, key, idle)
    join pgconductor.tasks t on t.key = u.task
    left join pgconductor.limits l on l.task_key = u.task and l.key = u.key
    cross join lateral pgconductor._limit_state(t.max_running_per_key, t.key_rate_count, t.key_rate_seconds, t.key_rate_burst,
        l.running, l.tokens, l.refilled_at, p_now) s
    where h.task_key = u.task and h.key = u.key and h.queue = p_queue;
end
$$;
