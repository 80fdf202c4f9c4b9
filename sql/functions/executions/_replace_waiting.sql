-- Gives an execution that waits, and has never started, another payload and time. False: it has started, or is gone.
-- Locks: one row of executions.
create or replace function pgconductor._replace_waiting(
    p_id           uuid,
    p_queue        text,
    p_payload      jsonb,
    p_run_at       timestamptz,
    p_priority     integer,
    p_max_attempts integer)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
    v_large integer := case when pg_column_compression(p_payload) is null then pg_column_size(p_payload)
                           else octet_length(p_payload::text) end;
begin
    if v_large <= 8192 then
        v_large := null;
    end if;

    update pgconductor.executions e
    set payload = case when v_large is null then p_payload end, large_payload_bytes = v_large, run_at = p_run_at,
        priority = p_priority, max_attempts = p_max_attempts
    where e.id = p_id and e.queue = p_queue and e.attempts = 0 and e.flow is null;
    if not found then
        return false;
    end if;

    delete from pgconductor.payloads p where p.execution_id = p_id;
    if v_large is not null then
        insert into pgconductor.payloads (execution_id, payload) values (p_id, p_payload);
    end if;
    return true;
end
$$;
