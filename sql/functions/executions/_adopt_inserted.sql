-- Trigger: a row inserted into executions without a lane (by a SQL user; our own functions give one) is checked and gets its
-- task's, a large payload moves out, and idle workers are told. Fires only for such rows; after the insert, so that COPY of
-- complete rows is not slowed.
create or replace function pgconductor._adopt_inserted()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
    v_lane  text;
    -- Not the column's size: the row has been stored, so its payload may be compressed.
    v_bytes integer := octet_length(new.payload::text);
begin
    perform pgconductor._check_invoke(new.priority, new.max_attempts, nullif(new.run_at, 'infinity'), new.dedupe_key, 'return_existing');
    if new.attempts < 0 then
        perform pgconductor._raise('PC004', format('%s attempts are not possible', new.attempts), 'Give the starts so far, 0 or more.');
    end if;

    if not exists (select from pgconductor.queues q where q.name = new.queue)
        or not exists (select from pgconductor.tasks t where t.key = new.task_key) then
        perform pgconductor._ensure_task(new.task_key, new.queue);
    end if;

    select t.lane into v_lane from pgconductor.tasks t where t.key = new.task_key;

    if v_bytes > 8192 then
        insert into pgconductor.payloads (execution_id, payload) values (new.id, new.payload);
        update pgconductor.executions e
        set lane = v_lane, payload = null, large_payload_bytes = v_bytes
        where e.id = new.id;
    else
        update pgconductor.executions e set lane = v_lane where e.id = new.id;
    end if;

    if new.dedupe_key is not null then
        insert into pgconductor.dedupe_keys (task_key, key, execution_id, queue)
        values (new.task_key, new.dedupe_key, new.id, new.queue);
    end if;

    perform pgconductor._wake(new.queue);
    return null;
end
$$;
