-- Moves locked rows of executions into one new lease and returns them. In PL/pgSQL because that keeps its plans, which
-- an SQL function makes anew in every call: half of a claim's time.
create or replace function pgconductor._lease_rows(
    p_orchestrator_id uuid,
    p_queue           text,
    p_rows            tid[],
    p_now             timestamptz,
    p_next_position   jsonb)
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
    v_taken   record := pgconductor._take_rows(p_queue, p_rows);
    v_lease   bigint;
    v_stepped smallint[] := '{}';
    v_steps   jsonb[];
begin
    if v_taken.size = 0 then
        return;
    end if;

    if v_taken.flows then
        v_stepped := array(
            select u.position::smallint from unnest(v_taken.extras) with ordinality u (extra, position) where u.extra ? 'flow');
        v_steps := pgconductor._carried_steps(v_taken.ids, v_stepped, p_now);
    end if;

    insert into pgconductor.leases (orchestrator_id, claimed_at, size, plain, queue,
        ids, task_keys, priorities, attempts, run_ats, created_ats, payloads, extras, stepped)
    values (p_orchestrator_id, p_now, v_taken.size,
        v_taken.simple and not exists (
            select from pgconductor.tasks t
            where t.key = any (v_taken.task_keys) and t.keep_completed is distinct from interval '0'),
        p_queue, v_taken.ids, v_taken.task_keys, v_taken.priorities, v_taken.attempts, v_taken.run_ats, v_taken.created_ats,
        v_taken.payloads, v_taken.extras, v_stepped)
    returning leases.id into v_lease;

    if v_taken.large then
        v_taken.payloads := array(
            select coalesce(u.payload, p.payload)
            from unnest(v_taken.ids, v_taken.payloads) with ordinality u (id, payload, ordinal)
            left join pgconductor.payloads p on p.execution_id = u.id and u.payload is null
            order by u.ordinal);
    end if;

    return query
        select v_lease, u.position::integer, u.id, u.task_key, u.attempt::integer, (u.extra ->> 'max_attempts')::integer, u.run_at,
            u.created_at, u.extra ->> 'trace_parent', u.payload,
            case when u.position = 1 then p_next_position end,
            null::double precision, u.steps
        from unnest(v_taken.ids, v_taken.task_keys, v_taken.attempts, v_taken.run_ats, v_taken.created_ats, v_taken.payloads,
            v_taken.extras, v_steps) with ordinality u (id, task_key, attempt, run_at, created_at, payload, extra, steps, position);
end
$$;
