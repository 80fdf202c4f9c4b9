-- Before a breaking migration to p_schema_version: asks every process of an older version to drain and stop, unless it was asked or is
-- on its way already. Returns how many of them are still there and were heard of within p_alive: call it again until there are none, or
-- for as long as you like to wait; the migration fences the rest (_retire_orchestrators).
create or replace function pgconductor.ask_older_to_leave(p_schema_version integer, p_alive interval default '30 seconds')
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_older uuid;
begin
    for v_older in
        select o.id
        from pgconductor.orchestrators o
        where o.schema_version < p_schema_version and not o.draining
            and not exists (select from pgconductor.signals s where s.orchestrator_id = o.id and s.kind = 'shutdown')
        order by o.id
    loop
        perform pgconductor.signal_shutdown(v_older,
            format('a migration to schema version %s is about to begin, which this version cannot work with', p_schema_version));
    end loop;

    return (
        select count(*)
        from pgconductor.orchestrators o
        where o.schema_version < p_schema_version and o.last_heartbeat_at > pgconductor.current_time() - p_alive);
end
$$;
