-- Of locked, due rows of one limited task, found in one lane, takes those that its limits let start: at most p_want, and no more large
-- payload than p_max_bytes (but one). Counts them as running and their tokens as used. Rows of keys that have nothing left move to
-- their keys' own lanes, where they stand in nobody's way: each once, while it waits. Rows that only the task itself holds back stay.
--
-- rows, ids: what was taken, and slots: the keys whose slots each holds ('' the task's), null if no one counts it. moved: how many
-- rows went. full: the bytes are used up. busy: nothing was done, because another claim has the task's lock.
--
-- A fair task's rows are taken in equal shares of their keys when there are more than wanted; the others move, so that the keys
-- take turns from then on. A key that is held back has everything of it behind what waits already.
--
-- Planner: see _open_limits.
create or replace function pgconductor._admit(
    p_queue     text,
    p_lane      text,
    p_task_key  text,
    p_rows      tid[],
    p_want      integer,
    p_max_bytes bigint,
    p_now       timestamptz,
    out rows    tid[],
    out ids     uuid[],
    out slots   jsonb[],
    out moved   integer,
    out bytes   bigint,
    out full    boolean,
    out busy    boolean)
language plpgsql
set search_path = ''
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    v_task       pgconductor.tasks;
    v_keys       text[];
    v_moved      tid[];
    v_moved_keys text[];
    v_allowed    integer;
begin
    moved := 0;
    busy := not pgconductor._lock_limits(p_task_key);
    if busy or p_rows is null then
        return;
    end if;

    -- After the lock: what they say now is true until we commit.
    select t.* into v_task from pgconductor.tasks t where t.key = p_task_key;
    select least(p_want, s.room) into v_allowed
    from (values (p_task_key)) v (key)
    left join lateral (
        select x.running, x.tokens, x.refilled_at from pgconductor.limits x where x.task_key = v.key and x.key = '' limit 1) l on true
    cross join lateral pgconductor._limit_state(v_task.max_running, v_task.rate_count, v_task.rate_seconds, v_task.rate_burst,
        l.running, l.tokens, l.refilled_at, p_now) s;

    with item as materialized (
        select r.row, r.id, r.run_at, r.large_payload_bytes as bytes,
            case
                when v_task.limit_path is null then ''
                when r.large_payload_bytes is null then pgconductor._limit_key(r.value)
                else pgconductor._limit_key((select p.payload #>> v_task.limit_path from pgconductor.payloads p where p.execution_id = r.id))
            end as key
        from pgconductor._limit_rows(p_queue, p_rows, v_task.limit_path) r
    ),
    share as materialized (
        select k.key, pgconductor._held_lane(p_task_key, k.key) as lane, least(s.room,
            case
                when k.key = '' or p_lane = pgconductor._held_lane(p_task_key, k.key) then null
                when h.key is not null then 0
                when v_task.fair and sum(k.n) over () > p_want then greatest(p_want / count(*) over (), 1)::integer
            end) as room
        from (select i.key, count(*) as n from item i group by i.key) k
        left join lateral (
            select x.running, x.tokens, x.refilled_at from pgconductor.limits x where x.task_key = p_task_key and x.key = k.key limit 1) l on true
        left join lateral (
            select x.key from pgconductor.held_lanes x where x.task_key = p_task_key and x.key between k.key and k.key and x.queue || '' = p_queue
            order by x.task_key, x.key limit 1) h on true
        cross join lateral pgconductor._limit_state(v_task.max_running_per_key, v_task.key_rate_count, v_task.key_rate_seconds,
            v_task.key_rate_burst, l.running, l.tokens, l.refilled_at, p_now) s
    ),
    ranked as (
        select i.*, s.lane,
            row_number() over (partition by i.key order by i.run_at, i.id) <= coalesce(s.room, 2147483647) as fits
        from item i
        join share s on s.key = i.key
    ),
    placed as (
        select r.*, row_number() over w <= v_allowed as wanted, row_number() over w = 1 or coalesce(sum(r.bytes) over w, 0) <= p_max_bytes as light
        from ranked r
        window w as (partition by r.fits order by r.run_at, r.id)
    )
    select array_agg(p.row order by p.run_at, p.id) filter (where p.fits and p.wanted and p.light),
        array_agg(p.id order by p.run_at, p.id) filter (where p.fits and p.wanted and p.light),
        array_agg(p.key order by p.run_at, p.id) filter (where p.fits and p.wanted and p.light),
        sum(p.bytes) filter (where p.fits and p.wanted and p.light),
        coalesce(bool_or(not p.light) filter (where p.fits and p.wanted), false),
        array_agg(p.row) filter (where not p.fits and p.lane <> p_lane),
        array_agg(p.key) filter (where not p.fits and p.lane <> p_lane)
    into rows, ids, v_keys, bytes, full, v_moved, v_moved_keys
    from placed p;

    if rows is not null then
        perform pgconductor._count_taken(v_task, v_keys, p_now);
        if v_task.max_running is not null or v_task.max_running_per_key is not null then
            slots := array(
                select to_jsonb(array_remove(array[
                    case when v_task.max_running is not null then '' end,
                    case when v_task.max_running_per_key is not null then u.key end], null))
                from unnest(v_keys) with ordinality u (key, ordinal)
                order by u.ordinal);
        end if;
    end if;

    if v_moved is not null then
        moved := cardinality(v_moved);
        perform pgconductor._move_rows(p_queue, v_moved, array(
            select pgconductor._held_lane(p_task_key, u.key) from unnest(v_moved_keys) with ordinality u (key, ordinal) order by u.ordinal));

        insert into pgconductor.held_lanes (task_key, key, queue, lane, revision, opens_at)
        select p_task_key, k.key, p_queue, pgconductor._held_lane(p_task_key, k.key), v_task.limits_revision, s.opens_at
        from (select distinct u.key from unnest(v_moved_keys) u (key)) k
        left join lateral (
            select x.running, x.tokens, x.refilled_at from pgconductor.limits x where x.task_key = p_task_key and x.key = k.key limit 1) l on true
        cross join lateral pgconductor._limit_state(v_task.max_running_per_key, v_task.key_rate_count, v_task.key_rate_seconds,
            v_task.key_rate_burst, l.running, l.tokens, l.refilled_at, p_now) s
        on conflict do nothing;
    end if;
end
$$;
