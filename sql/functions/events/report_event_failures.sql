-- The failures of events that no process has reported yet, oldest first, at most p_limit: the caller logs and counts them. Each is
-- given to one caller.
--
-- Planner: without an order of its own, which the primary key has as well and every failure that was reported with it: the index of
-- those that were not is in order of id anyway.
create or replace function pgconductor.report_event_failures(p_limit integer default 100)
returns table (id bigint, source text, task_key text, message text)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    return query
        with taken as (
            update pgconductor.event_failures f
            set reported = true
            where f.ctid = any (array(select x.ctid from pgconductor.event_failures x where not x.reported limit p_limit for update skip locked))
            returning f.*
        )
        select t.id, coalesce(t.event_key, format('%s.%s %s', t.table_schema, t.table_name, t.operation)), t.task_key, t.message
        from taken t
        order by t.id;
end
$$;
