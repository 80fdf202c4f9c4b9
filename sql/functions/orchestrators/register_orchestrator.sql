-- Makes a process known, before it registers workers and claims. Registering again under the same id is harmless.
-- p_schema_version: the schema version that its library was made for. PC010: a migration since then was a breaking one.
create or replace function pgconductor.register_orchestrator(
    p_orchestrator_id uuid,
    p_name            text,
    p_version         text,
    p_schema_version  integer)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_now      timestamptz := pgconductor.current_time();
    v_breaking integer;
begin
    select max(m.version) into v_breaking from pgconductor.migrations m where m.breaking;
    if p_schema_version < v_breaking then
        perform pgconductor._raise('PC010',
            format('process "%s" (%s) was made for schema version %s, and version %s broke with it', p_name, p_version, p_schema_version, v_breaking),
            'Replace it by one with a newer version of the library.');
    end if;

    insert into pgconductor.orchestrators as o (id, name, version, schema_version, started_at, last_heartbeat_at)
    values (p_orchestrator_id, p_name, p_version, p_schema_version, v_now, v_now)
    on conflict (id) do update set last_heartbeat_at = v_now, draining = false;
end
$$;
