-- The subscriptions that are registered, of one service or (null) of all.
create or replace function pgconductor.list_subscriptions(p_service text default null)
returns table (
    service text, task_key text, name text, event_key text, table_schema text, table_name text, operation text, columns text[],
    fields text[], filter jsonb, updated_at timestamptz)
language sql
stable
set search_path = ''
as $$
    select s.service, s.task_key, s.name, s.event_key, s.table_schema, s.table_name, s.operation, s.columns, s.fields, s.filter, s.updated_at
    from pgconductor.subscriptions s
    where p_service is null or s.service = p_service
    order by s.service, s.task_key, s.name
$$;
