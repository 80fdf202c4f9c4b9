-- Puts a dead letter, or a cancelled execution, back to work: now, with all its attempts again and its errors kept. Its finished
-- steps do not run again; but a child whose failure it died of is started anew.
-- Errors: PC007 there is no failed execution of this id; PC003 its dedupe key is taken by another by now;
-- PC002 its queue was dropped.
create or replace function pgconductor.retry_execution(p_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_failed pgconductor.failed_executions;
    v_now    timestamptz := pgconductor.current_time();
begin
    delete from pgconductor.failed_executions f where f.id = p_id returning f.* into v_failed;

    if not found then
        perform pgconductor._raise('PC007', format('there is no failed execution %s', p_id),
            'Only failed and cancelled executions can be retried; list them with list_executions(''failed'').');
    end if;

    -- The queue, or the task's row, may be gone since.
    perform pgconductor._ensure_task(v_failed.task_key, v_failed.queue);

    if v_failed.dedupe_key is not null then
        perform 1 from pgconductor._take_dedupe_key(v_failed.task_key, v_failed.dedupe_key, 'reject', p_id, v_failed.queue,
            null, null, v_now, 0, null);
    end if;

    insert into pgconductor.executions (id, run_at, created_at, large_payload_bytes, priority, attempts, max_attempts, queue,
        lane, task_key, dedupe_key, trace_parent, payload, errors, flow)
    select v_failed.id, v_now, v_failed.created_at, v_failed.large_payload_bytes, v_failed.priority, 0, v_failed.max_attempts,
        v_failed.queue, t.lane, v_failed.task_key, v_failed.dedupe_key, v_failed.trace_parent, v_failed.payload, v_failed.errors,
        v_failed.flow
    from pgconductor.tasks t
    where t.key = v_failed.task_key;

    if v_failed.flow is not null then
        delete from pgconductor.steps s
        where s.execution_id = p_id and s.failed and s.name = v_failed.errors -> -1 ->> 'step';
    end if;

    perform pgconductor._wake(v_failed.queue);
end
$$;
