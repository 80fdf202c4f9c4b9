-- The rest of claim_executions and get_executions when limited tasks (p_holds) are among what is asked for: where they may have
-- more, a claim of those places and the ordinary ones (p_lanes, p_task_keys), and the next turn of the keys that were looked at.
-- p_shut: tasks whose windows are closed, and may open before anything else comes.
create or replace function pgconductor._claim_limited(
    p_orchestrator_id uuid,
    p_queue           text,
    p_lanes           text[],
    p_task_keys       text[],
    p_holds           text[],
    p_limit           integer,
    p_max_bytes       bigint,
    p_position        jsonb,
    p_free            integer,
    p_now             timestamptz,
    p_shut            text[] default null)
returns table (
    lease_id      bigint,
    "position"    integer,
    id            uuid,
    task_key      text,
    attempt       integer,
    max_attempts  integer,
    run_at        timestamptz,
    created_at    timestamptz,
    trace_parent  text,
    payload       jsonb,
    next_position jsonb,
    next_due_in   double precision,
    steps         jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_open record := pgconductor._open_limits(p_queue, p_holds, p_free, p_now);
    v_work record;
    -- See claim_executions.
    v_from_now jsonb := (select jsonb_agg(jsonb_build_array(l, 0, p_now - interval '1 second')) from unnest(p_lanes) l);
begin
    v_work := pgconductor._find_due(p_queue, p_lanes, p_task_keys, p_limit, p_max_bytes, p_position, p_now,
        v_open.lanes, v_open.tasks, v_open.keys, v_open.rooms, v_open.wide, p_free);

    -- Before the rows go: a lane is not empty while what we take from it is there, and loses its mark with its next turn.
    if cardinality(v_work.asked) > 0 then
        perform pgconductor._turn_lanes(p_queue, array_agg(v_open.tasks[a.place]), array_agg(v_open.keys[a.place]),
            array_agg(v_open.marks[a.place]), array_agg(a.idle), p_now)
        from unnest(v_work.asked, v_work.idle) a (place, idle);
    end if;

    if cardinality(v_work.due) > 0 then
        -- With nothing but limited work in it, the claim leaves the ordinary places where they are.
        return query select c.* from pgconductor._lease_rows(p_orchestrator_id, p_queue, v_work.due, p_now,
            coalesce(v_work.next_position, p_position, v_from_now), v_work.limited_ids, v_work.limited_slots) c;
    elsif p_position is null or v_work.next_due_in is not null or v_open.next_open is not null then
        next_due_in := least(v_work.next_due_in, extract(epoch from v_open.next_open - p_now)::double precision);
        if p_position is null then
            next_position := v_from_now;
            if p_shut is not null then
                next_due_in := least(next_due_in, pgconductor._opens_in(p_queue, p_shut, p_now));
            end if;
        end if;
        return next;
    end if;
end
$$;
