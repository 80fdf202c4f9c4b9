-- One execution, whatever its state, with payload, result and errors; no row when it is not known (never was, or its
-- retention is over).
create or replace function pgconductor.get_execution(p_id uuid)
returns table (
    id uuid, queue text, task_key text, state text, priority integer, attempts integer, max_attempts integer,
    run_at timestamptz, created_at timestamptz, started_at timestamptz, finished_at timestamptz, orchestrator_id uuid,
    dedupe_key text, reason text, payload jsonb, result jsonb, errors jsonb, parent_id uuid)
language sql
stable
set search_path = ''
as $$
    select a.id, a.queue, a.task_key, a.state, a.priority::integer, a.attempts, coalesce(a.max_attempts, t.max_attempts), a.run_at,
        a.created_at, a.started_at, a.finished_at, a.orchestrator_id, a.dedupe_key, a.reason,
        coalesce(a.payload, (select p.payload from pgconductor.payloads p where p.execution_id = a.id)), a.result, a.errors, a.parent_id
    from pgconductor.all_executions a
    left join pgconductor.tasks t on t.key = a.task_key
    where a.id = p_id
    limit 1
$$;
