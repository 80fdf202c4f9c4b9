-- Moves locked rows of executions into one new lease and returns them. In PL/pgSQL because that keeps its plan, which
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
    next_due_in   double precision)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    with item as materialized (
        select row_number() over (order by g.priority desc, g.run_at)::integer as "position", g.*,
            case when g.max_attempts is null and g.dedupe_key is null and g.trace_parent is null and g.errors is null
                and g.large_payload_bytes is null then null
            else jsonb_strip_nulls(jsonb_build_object(
                'max_attempts', g.max_attempts,
                'dedupe_key', g.dedupe_key,
                'trace_parent', g.trace_parent,
                'errors', g.errors,
                'large_payload_bytes', g.large_payload_bytes))
            end as extra
        from pgconductor._delete_rows(p_queue, p_rows) g
    ),
    lease as (
        insert into pgconductor.leases (orchestrator_id, claimed_at, size, plain, queue,
            ids, task_keys, priorities, attempts, run_ats, created_ats, payloads, extras)
        select p_orchestrator_id, p_now, count(*),
            count(i.dedupe_key) = 0 and count(i.large_payload_bytes) = 0 and not exists (
                select from pgconductor.tasks t
                where t.key in (select k.task_key from item k) and t.keep_completed is distinct from interval '0'),
            p_queue,
            array_agg(i.id), array_agg(i.task_key), array_agg(i.priority), array_agg((i.attempts + 1)::smallint),
            array_agg(i.run_at), array_agg(i.created_at), array_agg(i.payload),
            case when count(i.extra) > 0 then array_agg(i.extra) end
        from item i
        having count(*) > 0
        returning id
    )
    select l.id, i.position, i.id, i.task_key, i.attempts + 1, i.max_attempts::integer, i.run_at, i.created_at, i.trace_parent,
        case when i.large_payload_bytes is null then i.payload
        else (select p.payload from pgconductor.payloads p where p.execution_id = i.id) end,
        case when i.position = 1 then p_next_position end,
        null::double precision
    from item i cross join lease l;
end
$$;
