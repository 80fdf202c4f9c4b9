-- Enqueues a child of an execution: see _begin_waits. An id that is known already is not enqueued again.
create or replace function pgconductor._start_child(p_parent uuid, p_parent_queue text, p_step text, p_child jsonb, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_task     text := p_child ->> 'task';
    v_queue    text;
    v_lane     text;
    v_payload  jsonb := coalesce(p_child -> 'payload', 'null');
    v_large    integer := pg_column_size(p_child -> 'payload');
    v_priority integer := coalesce((p_child ->> 'priority')::integer, 0);
    v_attempts integer := (p_child ->> 'max_attempts')::integer;
    v_run_at   timestamptz := p_now + make_interval(secs => coalesce((p_child ->> 'delay')::double precision, 0));
begin
    select q.name, t.lane into v_queue, v_lane
    from pgconductor.tasks t join pgconductor.queues q on q.name = coalesce(p_child ->> 'queue', t.queue)
    where t.key = v_task;

    if not found then
        perform pgconductor._ensure_task(v_task, coalesce(p_child ->> 'queue',
            (select t.queue from pgconductor.tasks t where t.key = v_task), 'default'));
        select coalesce(p_child ->> 'queue', t.queue), t.lane into v_queue, v_lane from pgconductor.tasks t where t.key = v_task;
    end if;

    if v_priority <> 0 or v_attempts is not null or v_run_at <> p_now then
        perform pgconductor._check_invoke(v_priority, v_attempts, v_run_at, null, 'return_existing');
    end if;
    if v_large <= 8192 then
        v_large := null;
    end if;

    insert into pgconductor.executions (id, run_at, created_at, large_payload_bytes, priority, max_attempts, queue, lane,
        task_key, trace_parent, payload, flow)
    values ((p_child ->> 'id')::uuid, v_run_at, p_now, v_large, v_priority, v_attempts, v_queue, v_lane, v_task,
        p_child ->> 'trace_parent', case when v_large is null then v_payload end,
        jsonb_build_object('parent', p_parent, 'queue', p_parent_queue, 'step', p_step))
    on conflict do nothing;

    if found then
        if v_large is not null then
            insert into pgconductor.payloads (execution_id, payload) values ((p_child ->> 'id')::uuid, v_payload);
        end if;
        if v_run_at <= p_now then
            perform pgconductor._wake(v_queue);
        end if;
    end if;
end
$$;
