-- The failures of events that no process has reported yet, oldest first, at most p_limit: the caller logs and counts them. Each is
-- given to one caller.
create or replace function pgconductor.report_event_failures(p_limit integer default 100)
returns table (id bigint, source text, task_key text, message text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
        with taken as (
            update pgconductor.event_failures f
            set reported = true
            where f.id in (select x.id from pgconductor.event_failures x where not x.reported order by x.id limit p_limit for update skip locked)
            returning f.*
        )
        select t.id, coalesce(t.event_key, format('%s.%s %s', t.table_schema, t.table_name, t.operation)), t.task_key, t.message
        from taken t
        order by t.id;
end
$$;
