-- Where a claim of limited tasks looks, as parallel arrays: each task's own lane, unless the task itself has nothing left, and the
-- lanes of keys that may go on, those that have waited longest for their turn first. rooms: how many at most, as far as can be told
-- without the lock. wide: look at many rows, because keys are to get equal shares of them. marks: where the key's row of
-- held_lanes is. next_open: when the next of those that are closed now opens by time; null: none does.
--
-- At most p_limit lanes of keys (and at most 50), however many wait: one probe of an index a task finds them. Slots given back are
-- counted first.
--
-- Planner: as _find_due's. While there are few lanes it would rather sort all of a task; and whatever is joined to a table that is
-- empty when the plan is made may be read as a whole ever after, so such a row is looked up by a subquery of its own (limit 1).
create or replace function pgconductor._open_limits(
    p_queue     text,
    p_task_keys text[],
    p_limit     integer,
    p_now       timestamptz,
    out lanes     text[],
    out tasks     text[],
    out keys      text[],
    out rooms     integer[],
    out wide      boolean[],
    out marks     tid[],
    out next_open timestamptz)
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
#variable_conflict use_column
declare
    c_most constant integer := 50;
    -- Of one task.
    v_most  integer;
    v_key   text;
    v_tasks text[];
begin
    if exists (select from pgconductor.freed_slots f where f.task_key = any (p_task_keys)) then
        for v_key in
            select u.key
            from unnest(p_task_keys) u (key)
            where exists (select from pgconductor.freed_slots f where f.task_key = u.key)
        loop
            if pgconductor._lock_limits(v_key) then
                perform pgconductor._fold_freed(v_key, p_now);
            end if;
        end loop;
    end if;

    -- Most tasks have nothing to look at, and this is all that they cost: something in their own lanes, or a key's lane that is open
    -- or was decided about under other limits, which are the first in the index.
    select array_agg(t.key) filter (where t.own or h.revision < t.limits_revision or h.opens_at <= p_now),
        min(h.opens_at) filter (where h.opens_at > p_now and h.opens_at < 'infinity')
    into v_tasks, next_open
    from (
        select x.key, x.limits_revision, coalesce((
                select true from pgconductor.executions e where e.queue = p_queue and e.lane = x.lane
                order by e.queue, e.lane, e.priority desc limit 1), false) as own
        from pgconductor.tasks x
        where x.holds and x.key = any (p_task_keys)
    ) t
    left join lateral (
        select x.revision, x.opens_at
        from pgconductor.held_lanes x
        where x.queue = p_queue and x.task_key = t.key
        order by x.queue, x.task_key, x.revision, x.opens_at
        limit 1) h on true;

    if v_tasks is null then
        return;
    end if;
    v_most := least(p_limit, c_most, greatest(200 / cardinality(v_tasks), 1));

    with task as materialized (
        select t.key, t.lane, t.limits_revision, t.max_running_per_key, t.key_rate_count, t.key_rate_seconds, t.key_rate_burst,
            t.fair, s.room, s.opens_at
        from pgconductor.tasks t
        left join lateral (
            select x.running, x.tokens, x.refilled_at from pgconductor.limits x where x.task_key = t.key and x.key = '' limit 1) l on true
        cross join lateral pgconductor._limit_state(t.max_running, t.rate_count, t.rate_seconds, t.rate_burst, l.running, l.tokens,
            l.refilled_at, p_now) s
        where t.key = any (v_tasks)
    ),
    asked as (
        select h.task, h.key, h.lane, h.mark, h.since
        from (
            select t.key as task, x.key, x.lane, x.mark, x.since, row_number() over (partition by t.key order by x.since) as turn
            from task t
            cross join lateral (
                (select y.lane, y.key, y.ctid as mark, timestamptz '-infinity' as since
                 from pgconductor.held_lanes y
                 where y.queue = p_queue and y.task_key = t.key and y.revision < t.limits_revision
                 order by y.queue, y.task_key, y.revision, y.opens_at
                 limit v_most)
                union all
                (select y.lane, y.key, y.ctid, y.opens_at
                 from pgconductor.held_lanes y
                 where y.queue = p_queue and y.task_key = t.key and y.revision = t.limits_revision and y.opens_at <= p_now
                 order by y.queue, y.task_key, y.revision, y.opens_at
                 limit v_most)
                limit v_most
            ) x
            where t.room is distinct from 0
        ) h
        order by h.turn, h.since
        limit least(p_limit, c_most)
    ),
    place as (
        select t.lane, t.key as task, null::text as key, t.room, t.fair as wide, null::tid as mark, 0 as turn, null::timestamptz as since
        from task t
        where t.room is distinct from 0
        union all
        select h.lane, h.task, h.key, least(t.room, s.room), false, h.mark, 1, h.since
        from asked h
        join task t on t.key = h.task
        left join lateral (
            select x.running, x.tokens, x.refilled_at from pgconductor.limits x where x.task_key = h.task and x.key = h.key limit 1) l on true
        cross join lateral pgconductor._limit_state(t.max_running_per_key, t.key_rate_count, t.key_rate_seconds, t.key_rate_burst,
            l.running, l.tokens, l.refilled_at, p_now) s
    )
    select array_agg(p.lane order by p.turn, p.since), array_agg(p.task order by p.turn, p.since),
        array_agg(p.key order by p.turn, p.since), array_agg(p.room order by p.turn, p.since), array_agg(p.wide order by p.turn, p.since),
        array_agg(p.mark order by p.turn, p.since),
        least(next_open,
            (select min(t.opens_at) from task t where t.room = 0 and t.opens_at < 'infinity'),
            (select min(h.opens_at)
             from task t
             cross join lateral (
                select x.opens_at
                from pgconductor.held_lanes x
                where x.queue = p_queue and x.task_key = t.key and x.revision = t.limits_revision
                    and x.opens_at > p_now and x.opens_at < 'infinity'
                order by x.queue, x.task_key, x.revision, x.opens_at
                limit 1) h
             where t.room is distinct from 0))
    into lanes, tasks, keys, rooms, wide, marks, next_open
    from place p;
end
$$;
