-- Looks behind a claim's position: for what became visible late (its transaction was open for longer than others'), lies in the past
-- on purpose, or has a lane or priority of its own since. Where an old transaction keeps deleted rows from being cleaned up, a claim
-- from the start walks all of them while work waits; this can be asked beside the claims, from another session.
--
-- p_back: how far behind the position; null: all the way. Lanes and priorities that the position does not know are found
-- whatever p_back is. p_until: only what lies before this, p_back far (null: from the position on); neither what the position does not know
-- nor next_due_in then. A long way is looked at in pieces: the first without p_until, each other with the looked_from of the one before.
-- late: there is something due to claim: pass next_position to the next claim_executions. next_due_in: seconds until what is due
-- next or a window opens for what waits, null: nothing is waiting. An orchestrator that is not registered for the queue, or a paused queue: nothing is late.
-- Touches the index entries behind the position, and one or two for each lane and priority. Locks nothing.
--
-- Planner: see _find_due.
create or replace function pgconductor.find_late_arrivals(
    p_orchestrator_id uuid,
    p_queue           text,
    p_position        jsonb,
    p_back            interval default null,
    p_until           timestamptz default null,
    out next_position jsonb,
    out late          boolean,
    out next_due_in   double precision,
    out looked_from   timestamptz)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_now      timestamptz := pgconductor.current_time();
    v_lane     text;
    v_place    record;
    v_above    integer;
    v_priority smallint;
    v_from     timestamptz;
    v_until    timestamptz;
    v_least    timestamptz;
    v_next     timestamptz;
    v_next_due timestamptz;
begin
    next_position := '[]';
    late := false;
    looked_from := coalesce(p_until, v_now) - p_back;

    for v_lane in
        select ''
        from pgconductor.workers w join pgconductor.queues q on q.name = w.queue
        where w.orchestrator_id = p_orchestrator_id and w.queue = p_queue and not q.paused
        union
        select t.lane
        from pgconductor.workers w
        join pgconductor.queues q on q.name = w.queue
        join pgconductor.tasks t on t.lane <> '' and t.key = any (w.task_keys)
        where w.orchestrator_id = p_orchestrator_id and w.queue = p_queue and not q.paused
            -- Claims look at limited tasks from the start.
            and not t.holds and not t.paused and pgconductor._window_open(t.week_open, t.time_zone, v_now)
    loop
        -- Between the priorities that the position knows, from the highest down: any that are new; then that one itself.
        v_above := 32768;
        for v_place in
            select (j ->> 1)::integer as priority, (j ->> 2)::timestamptz as start
            from jsonb_array_elements(p_position) j
            where j ->> 0 = v_lane
            union all
            select -32769, null
            order by 1 desc
        loop
            while p_until is null loop
                select e.priority, e.run_at into v_priority, v_from
                from pgconductor.executions e
                where e.queue = p_queue and e.lane = v_lane and e.priority < v_above and e.priority > v_place.priority
                order by e.queue, e.lane, e.priority desc, e.run_at
                limit 1;
                exit when not found;
                v_above := v_priority;
                next_position := next_position || jsonb_build_array(jsonb_build_array(v_lane, v_priority, v_from));
                late := late or v_from <= v_now;
                v_next_due := least(v_next_due, case when v_from > v_now then nullif(v_from, 'infinity') end);
            end loop;

            continue when v_place.start is null;
            v_above := v_place.priority;
            v_until := least(v_place.start, p_until);
            v_least := coalesce(coalesce(p_until, v_place.start) - p_back, '-infinity');

            select e.run_at into v_from
            from pgconductor.executions e
            where e.queue = p_queue and e.lane = v_lane and e.priority = v_place.priority
                and e.run_at < v_until and e.run_at >= v_least
            order by e.run_at
            limit 1;
            late := late or found;
            next_position := next_position
                || jsonb_build_array(jsonb_build_array(v_lane, v_place.priority, case when found then v_from else v_place.start end));

            continue when p_until is not null;
            select e.run_at into v_next
            from pgconductor.executions e
            where e.queue = p_queue and e.lane = v_lane and e.priority = v_place.priority and e.run_at > v_now
            order by e.run_at
            limit 1;
            v_next_due := least(v_next_due, nullif(v_next, 'infinity'));
        end loop;
    end loop;

    if p_until is not null then
        return;
    end if;

    next_due_in := least(extract(epoch from v_next_due - v_now), pgconductor._opens_in(p_queue, array(
        select t.key
        from pgconductor.workers w join pgconductor.tasks t on t.week_open is not null and t.key = any (w.task_keys)
        where w.orchestrator_id = p_orchestrator_id and w.queue = p_queue
            and not pgconductor._window_open(t.week_open, t.time_zone, v_now)), v_now));
end
$$;
