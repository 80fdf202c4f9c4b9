-- Makes a table tell of an operation: gives it the trigger, unless it has it. Needs the privilege TRIGGER on the table. The trigger
-- stays when nobody is subscribed any more, since dropping it would lock the table: it then costs a look into an index.
-- PC004: no such table, not the right.
create or replace function pgconductor._attach_table(p_schema text, p_table text, p_operation text)
returns void
language plpgsql
set search_path = ''
set lock_timeout = '5s'
as $$
declare
    v_table   regclass := to_regclass(format('%I.%I', p_schema, p_table));
    v_trigger text := 'pgconductor_' || p_operation;
begin
    if v_table is null or (select c.relkind from pg_catalog.pg_class c where c.oid = v_table) not in ('r', 'p') then
        perform pgconductor._raise('PC004', format('there is no table "%s" in schema "%s" to subscribe to', p_table, p_schema),
            'Create it before the service starts, or correct the name: names are case-sensitive and not quoted.');
    end if;
    if p_schema = 'pgconductor' then
        perform pgconductor._raise('PC004', format('table "%s" is PgConductor''s own', p_table), 'Subscribe to tables of your own.');
    end if;

    if not exists (
        select from pg_catalog.pg_trigger t
        where t.tgrelid = v_table and t.tgname = v_trigger and t.tgfoid = 'pgconductor._table_event()'::regprocedure) then
        -- An update that changes nothing tells of nothing.
        execute format('create trigger %I after %s on %s for each row %s execute function pgconductor._table_event(%L, %L)', v_trigger,
            p_operation, v_table, case when p_operation = 'update' then 'when (old.* is distinct from new.*)' else '' end,
            p_schema, p_table);
    end if;
exception
    when insufficient_privilege then
        perform pgconductor._raise('PC004', format('table "%s"."%s" cannot be subscribed to: %s', p_schema, p_table, sqlerrm),
            'Grant the privilege TRIGGER on the table to the role that runs the service.');
end
$$;
