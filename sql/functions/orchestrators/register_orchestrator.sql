-- Makes a process known, before it registers workers and claims. Registering again under the same id is harmless.
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
    v_now timestamptz := pgconductor.current_time();
begin
    insert into pgconductor.orchestrators as o (id, name, version, schema_version, started_at, last_heartbeat_at)
    values (p_orchestrator_id, p_name, p_version, p_schema_version, v_now, v_now)
    on conflict (id) do update set last_heartbeat_at = v_now, draining = false;
end
$$;
