-- An orchestrator leaves. Leases it could not finish or hand back stay its own (a handler that will not stop may
-- still run, so nobody else may start it yet): then the row stays too, and the takeover time settles it.
-- Returns how many leases are left.
create or replace function pgconductor.orchestrator_shutdown(p_orchestrator_id uuid)
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_left integer;
begin
    select count(*) into v_left from pgconductor.leases l where l.orchestrator_id = p_orchestrator_id;
    if v_left = 0 then
        delete from pgconductor.orchestrators o where o.id = p_orchestrator_id;
    else
        delete from pgconductor.workers w where w.orchestrator_id = p_orchestrator_id;
    end if;
    return v_left;
end
$$;
