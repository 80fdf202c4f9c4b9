-- Where a claim of limited tasks looks, as parallel arrays: each task's own lane, unless the task itself has nothing left, and the
-- lanes of keys that may go on, those that have waited longest for their turn first. rooms: how many at most, as far as can be told
-- without the lock. wide: look at many rows, because keys are to get equal shares of them. next_open: when the next of those that are closed now opens by time; null: none does.
--
-- At most p_limit lanes of keys, however many wait: one probe of an index a task finds them. Slots given back are counted first.
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
    out next_open timestamptz)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    -- Of one task; a task alone may have as many as the claim has places for.
    v_most integer := greatest(least(p_limit, 50) / cardinality(p_task_keys), 1);
    v_key  text;
begin
    for v_key in
        select u.key
        from unnest(p_task_keys) u (key)
        where exists (select from pgconductor.freed_slots f where f.task_key = u.key)
    loop
        if pgconductor._lock_limits(v_key) then
            perform pgconductor._fold_freed(v_key, p_now);
        end if;
    end loop;

    with task as materialized (
        select t.key, t.lane, t.limits_revision, t.max_running_per_key, t.key_rate_count, t.key_rate_seconds, t.key_rate_burst,
            t.fair, s.room, s.opens_at
        from pgconductor.tasks t
        left join pgconductor.limits l on l.task_key = t.key and l.key = ''
        cross join lateral pgconductor._limit_state(t.max_running, t.rate_count, t.rate_seconds, t.rate_burst, l.running, l.tokens,
            l.refilled_at, p_now) s
        where t.key = any (p_task_keys)
    ),
    place as (
        select t.lane, t.key as task, null::text as key, t.room, t.fair as wide, 0 as turn, null::timestamptz as since
        from task t
        where t.room is distinct from 0
        union all
        select h.lane, t.key, h.key, least(t.room, s.room), false, 1, h.since
        from task t
        cross join lateral (
            (select x.lane, x.key, timestamptz '-infinity' as since
             from pgconductor.held_lanes x
             where x.queue = p_queue and x.task_key = t.key and x.revision < t.limits_revision
             limit v_most)
            union all
            (select x.lane, x.key, x.opens_at
             from pgconductor.held_lanes x
             where x.queue = p_queue and x.task_key = t.key and x.revision = t.limits_revision and x.opens_at <= p_now
             order by x.queue, x.task_key, x.revision, x.opens_at
             limit v_most)
            limit v_most
        ) h
        left join pgconductor.limits l on l.task_key = t.key and l.key = h.key
        cross join lateral pgconductor._limit_state(t.max_running_per_key, t.key_rate_count, t.key_rate_seconds, t.key_rate_burst,
            l.running, l.tokens, l.refilled_at, p_now) s
        where t.room is distinct from 0
    )
    select array_agg(p.lane order by p.turn, p.since), array_agg(p.task order by p.turn, p.since),
        array_agg(p.key order by p.turn, p.since), array_agg(p.room order by p.turn, p.since), array_agg(p.wide order by p.turn, p.since),
        least(
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
    into lanes, tasks, keys, rooms, wide, next_open
    from place p;
end
$$;
