-- Of the locked rows, dead-letters those that have used up their attempts before starting: the limit was lowered, or
-- the row was inserted so. Returns the rows that remain, in order of run_at.
create or replace function pgconductor._dead_letter_exhausted(p_queue text, p_rows tid[], p_now timestamptz)
returns tid[]
language plpgsql
set search_path = ''
as $$
declare
    v_exhausted tid[];
    v_left      tid[];
    v_flows     record;
begin
    select array_agg(e.row) filter (where e.attempts >= coalesce(e.max_attempts, t.max_attempts)),
        array_agg(e.row order by e.run_at) filter (where (e.attempts >= coalesce(e.max_attempts, t.max_attempts)) is not true)
    into v_exhausted, v_left
    from pgconductor._rows_at(p_queue, p_rows) e
    left join pgconductor.tasks t on t.key = e.task_key;

    if v_exhausted is null then
        return v_left;
    end if;

    with gone as materialized (
        select e.*, t.keep_failed, coalesce(e.max_attempts, t.max_attempts) as allowed
        from pgconductor._delete_rows(p_queue, v_exhausted) e
        join pgconductor.tasks t on t.key = e.task_key
    ),
    unlocked as (
        delete from pgconductor.dedupe_keys k
        using gone g
        where k.task_key = g.task_key and k.key = g.dedupe_key and k.execution_id = g.id
    ),
    forgotten as (
        delete from pgconductor.payloads p
        using gone g
        where p.execution_id = g.id and g.keep_failed = interval '0'
    ),
    kept as (
        insert into pgconductor.failed_executions (id, expires_at, created_at, finished_at, large_payload_bytes, priority,
            attempts, max_attempts, queue, task_key, dedupe_key, trace_parent, reason, payload, errors, flow)
        select g.id, coalesce(p_now + g.keep_failed, 'infinity'), g.created_at, p_now, g.large_payload_bytes, g.priority,
            g.attempts, g.max_attempts, g.queue, g.task_key, g.dedupe_key, g.trace_parent,
            format('not started: all %s attempts were used up', g.allowed), g.payload, g.errors, g.flow
        from gone g
        where g.keep_failed is distinct from interval '0'
    )
    select array_agg(g.id) as ids, array_agg(g.flow) as flows,
        array_agg(jsonb_build_object('type', 'Exhausted', 'message', format('not started: all %s attempts were used up', g.allowed))) as errors,
        array_agg(g.keep_failed is distinct from interval '0') as kept
    into v_flows
    from gone g
    where g.flow is not null;

    if v_flows.ids is not null then
        perform pgconductor._end_flows(v_flows.ids, v_flows.flows, array_fill('failed'::text, array[cardinality(v_flows.ids)]), null,
            v_flows.errors, v_flows.kept, p_now);
    end if;

    return v_left;
end
$$;
