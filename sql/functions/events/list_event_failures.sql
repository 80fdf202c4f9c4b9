-- What events should have started or woken, and did not, newest first; p_before: the next page, older than this id.
create or replace function pgconductor.list_event_failures(p_limit integer default 50, p_before bigint default null)
returns table (
    id bigint, failed_at timestamptz, event_id uuid, execution_id uuid, event_key text, table_schema text, table_name text,
    operation text, service text, task_key text, name text, sqlstate text, message text, payload jsonb)
language sql
stable
set search_path = ''
as $$
    select f.id, f.failed_at, f.event_id, f.execution_id, f.event_key, f.table_schema, f.table_name, f.operation, f.service, f.task_key,
        f.name, f.sqlstate, f.message, f.payload
    from pgconductor.event_failures f
    where p_before is null or f.id < p_before
    order by f.id desc
    limit least(greatest(p_limit, 1), 1000)
$$;
