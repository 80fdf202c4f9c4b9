-- The body of claim_executions and get_executions: finds and locks what is due in the given lanes.
--
-- due: where the rows are stored. next_position: see claim_executions. next_due_in: nothing was found, and the next is
-- due in so many seconds; 0: rows that had to be moved out of the way were all we saw, so look again at once.
--
-- Planner: one index, one order. Sequential, bitmap and hash plans are never better for a handful of rows out of
-- millions, and a plan made when the table was empty must not survive its growth: then every index costs the same, and only that a
-- sort is refused makes sure that it is the one that has the order. One plan is right for all values, so it
-- is made once a session: making it anew costs more than a small claim.
create or replace function pgconductor._find_due(
    p_queue     text,
    p_lanes     text[],
    p_task_keys text[],
    p_limit     integer,
    p_max_bytes bigint,
    p_position  jsonb,
    p_now       timestamptz,
    out due           tid[],
    out next_position jsonb,
    out next_due_in   double precision)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
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
            if v_pass = 1 and v_places > 1 then
                select count(*) into v_peers
                from generate_subscripts(v_priorities, 1) s
                where s >= i and v_priorities[s] = v_priorities[i];
            else
                v_peers := 1;
            end if;

            loop
                v_rounds := v_rounds + 1;
                v_want := ceil(v_room::numeric / v_peers);
                -- Behind rows that were in the way look further, so that a backlog of them is gone after few claims.
                v_take := case when v_rounds = 1 then v_want else greatest(v_want, 200) end;
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
                exit when v_count = 0;
                v_positions[i] := v_last;
                v_filled[i] := v_count = v_take;

                if v_attempts > 0 then
                    v_found := pgconductor._dead_letter_exhausted(p_queue, v_found, p_now);
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
        next_position := case when v_places = 1
            then jsonb_build_array(jsonb_build_array(v_lanes[1], v_priorities[1], v_positions[1]))
            else (select jsonb_agg(jsonb_build_array(u.lane, u.priority, u.start))
                from unnest(v_lanes, v_priorities, v_positions) u (lane, priority, start)) end;
    elsif v_behind then
        next_due_in := 0;
    elsif p_position is null then
        for i in 1..v_places loop
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
