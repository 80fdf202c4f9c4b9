-- Writes down what an event should have done and did not.
create or replace function pgconductor._event_failed(
    p_subscription pgconductor.subscriptions,
    p_execution_id uuid,
    p_event_id     uuid,
    p_event_key    text,
    p_sqlstate     text,
    p_message      text,
    p_payload      jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
    insert into pgconductor.event_failures (failed_at, event_id, execution_id, event_key, table_schema, table_name, operation, service,
        task_key, name, sqlstate, message, payload)
    values (pgconductor.current_time(), p_event_id, p_execution_id, p_event_key, (p_subscription).table_schema,
        (p_subscription).table_name, (p_subscription).operation, (p_subscription).service, (p_subscription).task_key,
        (p_subscription).name, p_sqlstate, left(p_message, 2000), case when pg_column_size(p_payload) <= 8192 then p_payload end);
end
$$;
