-- The body of claim_executions and get_executions: finds and locks what is due in the given lanes.
--
-- p_open_..: where limited tasks may have more, as _open_limits says it (null: nowhere); their rows pass _admit, at most
-- p_free of them. They are looked at from their start in every claim: what is open changes all the time.
--
-- due: where the rows are stored. next_position: see claim_executions. next_due_in: nothing was found, and the next is
-- due in so many seconds; 0: rows that had to be moved out of the way were all we saw, so look again at once. limited_ids: those of
-- limited tasks that hold slots, and limited_slots: whose (see _admit). asked: the elements of p_open_.. that are lanes of keys and
-- were looked at, and idle: whether there was nothing due in them.
--
-- Planner: one index, one order. Sequential, bitmap and hash plans are never better for a handful of rows out of
-- millions, and a plan made when the table was empty must not survive its growth: then every index costs the same, and only that a
-- sort is refused makes sure that it is the one that has the order. One plan is right for all values, so it
-- is made once a session: making it anew costs more than a small claim. No compiling: what is refused counts as very expensive, also in
-- the functions called from here, and a window over a few rows would be compiled for a tenth of a second.
create or replace function pgconductor._find_due(
    p_queue     text,
    p_lanes     text[],
    p_task_keys text[],
    p_limit     integer,
    p_max_bytes bigint,
    p_position  jsonb,
    p_now       timestamptz,
    p_open_lanes text[] default null,
    p_open_tasks text[] default null,
    p_open_keys  text[] default null,
    p_open_rooms integer[] default null,
    p_open_wide  boolean[] default null,
    p_free       integer default null,
    out due           tid[],
    out next_position jsonb,
    out next_due_in   double precision,
    out limited_ids   uuid[],
    out limited_slots jsonb[],
    out asked         integer[],
    out idle          boolean[])
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    -- The places to look, parallel arrays in the order they are asked: (lane, priority) and where to start.
    v_lanes      text[] := '{}';
    v_priorities smallint[] := '{}';
    v_froms      timestamptz[] := '{}';
    v_positions  timestamptz[];
    v_filled     boolean[];
    v_places     integer;
    v_peers      integer;
    v_lane       text;
    v_priority   smallint;
    v_below      integer;
    v_take       integer;
    v_room       integer := p_limit;
    v_found      tid[];
    v_count      integer;
    v_last       timestamptz;
    v_all_known  boolean;
    v_attempts   integer;
    v_bytes      bigint;
    v_large      bigint := 0;
    v_next_due   timestamptz;
    v_next       timestamptz;
    v_rounds     integer;
    v_want       integer;
    v_cut        tid[];
    v_behind     boolean := false;
    v_full       boolean := false;
    -- Of limited tasks: which element of p_open_.. a place is of; null: it is an ordinary one.
    v_opens      integer[];
    v_open       integer;
    v_free       integer := coalesce(p_free, p_limit);
    v_with       record;
    v_admitted   record;
    v_moved      boolean := false;
    v_busy       boolean := false;
    v_many_keys  boolean := cardinality(p_task_keys) > 20;
    i            integer;
begin
    due := '{}';
    if p_limit is null or p_limit < 1 or p_limit > 10000 then
        perform pgconductor._raise('PC004', format('a claim of %s executions is not possible', coalesce(p_limit::text, 'null')),
            'Ask for 1 to 10000.');
    end if;

    if p_position is null then
        -- Which priorities there are in each lane: one index probe each (a loose scan; PostgreSQL 15 has no skip scan).
        foreach v_lane in array p_lanes loop
            v_below := 32768;
            loop
                select e.priority into v_priority
                from pgconductor.executions e
                where e.queue = p_queue and e.lane = v_lane and e.priority < v_below
                order by e.queue, e.lane, e.priority desc
                limit 1;
                exit when not found;
                v_lanes := v_lanes || v_lane;
                v_below := v_priority;
                v_priorities := v_priorities || v_priority;
                v_froms := v_froms || timestamptz '-infinity';
            end loop;
        end loop;
        if cardinality(p_lanes) > 1 then
            -- Highest priority first; among equals a random lane first, so that no lane is always the one cut short.
            select array_agg(s.lane order by s.priority desc, s.turn), array_agg(s.priority order by s.priority desc, s.turn)
            into v_lanes, v_priorities
            from (select u.lane, u.priority, random() as turn from unnest(v_lanes, v_priorities) u (lane, priority)) s;
            v_lanes := coalesce(v_lanes, '{}');
            v_priorities := coalesce(v_priorities, '{}');
        end if;
    else
        select coalesce(array_agg(p.lane order by p.priority desc, p.turn), '{}'),
            coalesce(array_agg(p.priority order by p.priority desc, p.turn), '{}'),
            coalesce(array_agg(p.start order by p.priority desc, p.turn), '{}')
        into v_lanes, v_priorities, v_froms
        from (
            select j ->> 0 as lane, (j ->> 1)::smallint as priority, (j ->> 2)::timestamptz as start, random() as turn
            from jsonb_array_elements(p_position) j
            where j ->> 0 = any (p_lanes)
        ) p;
    end if;

    if p_open_lanes is not null then
        v_with := pgconductor._limited_places(p_queue, v_lanes, v_priorities, v_froms, p_open_lanes, p_open_tasks);
        v_lanes := v_with.lanes;
        v_priorities := v_with.priorities;
        v_froms := v_with.starts;
        v_opens := v_with.opens;
        asked := array(select u.open from unnest(v_with.empty) u (open) where p_open_keys[u.open] is not null);
        idle := array_fill(true, array[cardinality(asked)]);
    end if;

    v_places := cardinality(v_lanes);
    v_positions := v_froms;
    v_filled := array_fill(false, array[v_places]);

    -- Two passes: equal shares among lanes of one priority first, then whatever room is left to those that have more.
    for v_pass in 1..2 loop
        i := 0;
        while i < v_places and v_room > 0 loop
            i := i + 1;
            continue when v_pass = 2 and not v_filled[i];
            v_rounds := 0;
            v_open := v_opens[i];
            if v_pass = 1 and v_places > 1 then
                if v_opens is null then
                    select count(*) into v_peers
                    from generate_subscripts(v_priorities, 1) s
                    where s >= i and v_priorities[s] = v_priorities[i];
                else
                    select count(distinct coalesce(p_open_tasks[v_opens[s]], v_lanes[s]))
                        * greatest(count(*) filter (where p_open_tasks[v_opens[s]] = p_open_tasks[v_open]), 1)
                    into v_peers
                    from generate_subscripts(v_priorities, 1) s
                    where s >= i and v_priorities[s] = v_priorities[i];
                end if;
            else
                v_peers := 1;
            end if;

            loop
                v_rounds := v_rounds + 1;
                v_want := ceil(v_room::numeric / v_peers);
                if v_open is not null then
                    v_want := least(v_want, v_free, p_open_rooms[v_open]);
                    if v_pass = 1 and v_rounds = 1 and p_open_keys[v_open] is not null and (v_want > 0 or p_open_rooms[v_open] = 0) then
                        asked := asked || v_open;
                        idle := idle || false;
                    end if;
                    exit when v_want <= 0;
                end if;
                -- Behind rows that were in the way look further, so that a backlog of them is gone after few claims.
                v_take := case when v_rounds = 1 and p_open_wide[v_open] is not true then v_want else greatest(v_want, 200) end;
                -- Many keys are looked up in a hash: one after another, a thousand would double the cost of a claim.
                select array_agg(d.ctid), count(*), max(d.run_at),
                    coalesce(bool_and(case when v_many_keys then d.task_key in (select k from unnest(p_task_keys) k) else d.task_key = any (p_task_keys) end), true),
                    coalesce(max(d.attempts), 0), sum(d.large_payload_bytes)
                into v_found, v_count, v_last, v_all_known, v_attempts, v_bytes
                from (
                    select e.ctid, e.run_at, e.task_key, e.attempts, e.large_payload_bytes
                    from pgconductor.executions e
                    where e.queue = p_queue and e.lane = v_lanes[i] and e.priority = v_priorities[i]
                        and e.run_at >= v_positions[i] and e.run_at <= p_now
                        -- Our own locks do not make us skip: what we have at this very instant of run_at already.
                        and (v_pass = 1 and v_rounds = 1 or e.ctid <> all (due))
                    order by e.run_at
                    limit v_take
                    for update skip locked
                ) d;
                if v_count = 0 then
                    if v_pass = 1 and v_rounds = 1 and p_open_keys[v_open] is not null then
                        idle[cardinality(idle)] := true;
                    end if;
                    exit;
                end if;
                v_positions[i] := v_last;
                v_filled[i] := v_count = v_take;

                if v_attempts > 0 then
                    v_found := pgconductor._dead_letter_exhausted(p_queue, v_found, p_now);
                end if;

                if v_open is not null then
                    v_admitted := pgconductor._admit(p_queue, v_lanes[i], p_open_tasks[v_open], v_found, v_want, p_max_bytes - v_large, p_now);
                    v_found := v_admitted.rows;
                    v_large := v_large + coalesce(v_admitted.bytes, 0);
                    v_full := coalesce(v_admitted.full, false) or v_large >= p_max_bytes;
                    v_free := v_free - coalesce(cardinality(v_found), 0);
                    limited_ids := limited_ids || case when v_admitted.slots is not null then v_admitted.ids end;
                    limited_slots := limited_slots || v_admitted.slots;
                    v_moved := v_moved or v_admitted.moved > 0;
                    v_busy := v_busy or v_admitted.busy;
                    due := due || v_found;
                    v_room := case when v_full then 0 else greatest(v_room - coalesce(cardinality(v_found), 0), 0) end;
                    exit when v_admitted.moved = 0 or v_room = 0 or v_rounds >= 4;
                    continue;
                end if;

                if not v_all_known then
                    v_found := pgconductor._relane_unknown(p_queue, v_found, p_task_keys);
                end if;

                -- Whether rows that we cannot take stood in the way, and so others may be due behind them.
                v_behind := coalesce(cardinality(v_found), 0) < v_count;

                if cardinality(v_found) > v_want then
                    -- The next claim starts where this one was cut.
                    v_found := v_found[1:v_want];
                    v_positions[i] := v_froms[i];
                end if;

                if v_bytes is not null and v_found is not null then
                    v_cut := pgconductor._bound_by_bytes(p_queue, v_found, p_max_bytes - v_large);
                    v_full := cardinality(v_cut) < cardinality(v_found) or v_large + v_bytes >= p_max_bytes;
                    if v_full then
                        v_positions[i] := v_froms[i];
                    end if;
                    v_found := v_cut;
                    v_large := v_large + v_bytes;
                end if;

                due := due || v_found;
                v_room := case when v_full then 0 else greatest(v_room - coalesce(cardinality(v_found), 0), 0) end;
                -- Look behind them, a bounded number of times.
                exit when not v_behind or v_room = 0 or v_rounds >= 4;
            end loop;
        end loop;
        exit when v_room = 0 or v_places < 2;
    end loop;

    if cardinality(due) > 0 then
        next_position := case
            when v_opens is not null then
                (select jsonb_agg(jsonb_build_array(u.lane, u.priority, u.start))
                from unnest(v_lanes, v_priorities, v_positions, v_opens) u (lane, priority, start, opens)
                where u.opens is null)
            when v_places = 1 then jsonb_build_array(jsonb_build_array(v_lanes[1], v_priorities[1], v_positions[1]))
            else (select jsonb_agg(jsonb_build_array(u.lane, u.priority, u.start))
                from unnest(v_lanes, v_priorities, v_positions) u (lane, priority, start)) end;
    elsif v_behind or v_moved then
        next_due_in := 0;
    elsif v_busy then
        -- Another claim of the same limited task is under way: it takes milliseconds.
        next_due_in := 0.005;
    elsif p_position is null or v_opens is not null then
        for i in 1..v_places loop
            -- What a position was given for is looked at by find_late_arrivals.
            continue when p_position is not null and v_opens[i] is null;
            select e.run_at into v_next
            from pgconductor.executions e
            where e.queue = p_queue and e.lane = v_lanes[i] and e.priority = v_priorities[i] and e.run_at > p_now
            order by e.run_at
            limit 1;
            -- What waits for more than time is due at no time.
            v_next_due := least(v_next_due, nullif(v_next, 'infinity'));
        end loop;
        next_due_in := extract(epoch from v_next_due - p_now);
    end if;
end
$$;
