-- Takes a dedupe key for an execution about to be enqueued, or says who has it, by policy. The key's row is locked
-- until the transaction ends, so two callers agree on one winner. Locks: dedupe_keys, then executions.
--
-- Planner: executions are found by their id alone; with the queue beside it the claim's index seems as good while the table looks empty.
create or replace function pgconductor._take_dedupe_key(
    p_task_key      text,
    p_key           text,
    p_policy        text,
    p_execution_id  uuid,
    p_queue         text,
    p_payload       jsonb,
    p_large         integer,
    p_run_at        timestamptz,
    p_priority      integer,
    p_max_attempts  integer,
    out execution_id uuid,
    out disposition  text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_holder pgconductor.dedupe_keys;
begin
    insert into pgconductor.dedupe_keys as k (task_key, key, execution_id, queue)
    values (p_task_key, p_key, p_execution_id, p_queue)
    on conflict (task_key, key) do update set execution_id = k.execution_id
    returning k.* into v_holder;

    execution_id := v_holder.execution_id;

    if v_holder.execution_id = p_execution_id then
        -- Ours; or the same call once more.
        disposition := case
            when exists (select from pgconductor.executions e where e.id = p_execution_id)
                or exists (select from pgconductor.leases l where p_execution_id = any (l.ids)) then 'existing'
            else 'created'
        end;
    elsif p_policy = 'reject' then
        perform pgconductor._raise('PC003',
            format('dedupe key "%s" of task "%s" is taken by execution %s', p_key, p_task_key, v_holder.execution_id),
            'Wait for its outcome, cancel it, or invoke with the policy return_existing or replace_pending.');
    elsif p_policy = 'replace_pending' then
        update pgconductor.executions e
        set payload = case when p_large is null then p_payload end, large_payload_bytes = p_large,
            run_at = p_run_at, priority = p_priority, max_attempts = p_max_attempts
        where e.id = v_holder.execution_id and e.flow is null;

        if found then
            disposition := 'replaced';
            delete from pgconductor.payloads p where p.execution_id = v_holder.execution_id;
            if p_large is not null then
                insert into pgconductor.payloads (execution_id, payload) values (v_holder.execution_id, p_payload);
            end if;
        else
            -- It is running, or has steps, so it has begun: the new one waits behind it, and the key is the new one's.
            update pgconductor.dedupe_keys k set execution_id = p_execution_id, queue = p_queue
            where k.task_key = p_task_key and k.key = p_key;
            execution_id := p_execution_id;
            disposition := 'created';
        end if;
    else
        disposition := 'existing';
    end if;
end
$$;
