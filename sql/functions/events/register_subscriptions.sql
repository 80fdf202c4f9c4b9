-- Makes a service's subscriptions what its code declares: new ones are made, changed ones changed, and those that it no longer
-- declares removed. Touches no other service's. p_subscriptions is an array of objects:
--   task_key, name (required; the name is unique for the service and task), filter (see _event_matches), and either
--   event (the key), fields [names of the payload's fields that become the execution's payload; left out: the whole]
--   or table, schema (default public), operation (insert, update, delete), columns [names; left out: all]
-- Tables get their trigger, once. PC004: what cannot be (the message names it); then nothing is changed. One registration of all
-- services at a time.
create or replace function pgconductor.register_subscriptions(
    p_service       text,
    p_subscriptions jsonb,
    out created integer,
    out changed integer,
    out removed integer)
language plpgsql
set search_path = ''
as $$
declare
    v_now    timestamptz := pgconductor.current_time();
    v_source record;
begin
    if p_service is null or p_service = '' or octet_length(p_service) > 200 or p_service ~ '[[:cntrl:]]' then
        perform pgconductor._raise('PC004', format('"%s" cannot be a service''s name', left(coalesce(p_service, 'null'), 250)),
            'A name is 1 to 200 bytes long, without control characters.');
    end if;
    if jsonb_typeof(p_subscriptions) is distinct from 'array' then
        perform pgconductor._raise('PC004', format('%s is not a list of subscriptions', left(coalesce(p_subscriptions::text, 'null'), 100)),
            'Give an array of objects, each with task_key, name, and event or table.');
    end if;
    perform pgconductor._check_subscription(j) from jsonb_array_elements(p_subscriptions) j;

    select j ->> 'task_key' as task_key, j ->> 'name' as name into v_source
    from jsonb_array_elements(p_subscriptions) j group by 1, 2 having count(*) > 1 limit 1;
    if found then
        perform pgconductor._raise('PC004', format('subscription "%s" of task "%s" is declared twice', v_source.name, v_source.task_key),
            'Give each subscription of a task a name of its own.');
    end if;

    perform pg_advisory_xact_lock(1885823588, 3);
    for v_source in
        select distinct coalesce(j ->> 'schema', 'public') as schema, j ->> 'table' as name, j ->> 'operation' as operation
        from jsonb_array_elements(p_subscriptions) j where j ? 'table' order by 1, 2, 3
    loop
        perform pgconductor._attach_table(v_source.schema, v_source.name, v_source.operation);
    end loop;

    delete from pgconductor.subscriptions s
    where s.service = p_service
        and (s.task_key, s.name) not in (select j ->> 'task_key', j ->> 'name' from jsonb_array_elements(p_subscriptions) j);
    get diagnostics removed = row_count;

    with written as (
        insert into pgconductor.subscriptions as s (service, task_key, name, event_key, table_schema, table_name, operation, columns,
            fields, filter, created_at, updated_at)
        select p_service, j ->> 'task_key', j ->> 'name', j ->> 'event', case when j ? 'table' then coalesce(j ->> 'schema', 'public') end,
            j ->> 'table', case when j ? 'table' then j ->> 'operation' end,
            case when j ? 'columns' then array(select jsonb_array_elements_text(j -> 'columns')) end,
            case when j ? 'fields' then array(select jsonb_array_elements_text(j -> 'fields')) end, nullif(j -> 'filter', 'null'), v_now, v_now
        from jsonb_array_elements(p_subscriptions) j
        on conflict (service, task_key, name) do update
        set event_key = excluded.event_key, table_schema = excluded.table_schema, table_name = excluded.table_name,
            operation = excluded.operation, columns = excluded.columns, fields = excluded.fields, filter = excluded.filter,
            updated_at = excluded.updated_at
        where (s.event_key, s.table_schema, s.table_name, s.operation, s.columns, s.fields, s.filter) is distinct from
            (excluded.event_key, excluded.table_schema, excluded.table_name, excluded.operation, excluded.columns, excluded.fields, excluded.filter)
        returning s.xmax = 0 as is_new
    )
    select count(*) filter (where w.is_new), count(*) filter (where not w.is_new) into created, changed from written w;
end
$$;
