-- Asks an orchestrator to drain and stop. False: there is none of this id.
create or replace function pgconductor.signal_shutdown(p_orchestrator_id uuid, p_reason text default 'asked to stop')
returns boolean
language plpgsql
set search_path = ''
as $$
begin
    insert into pgconductor.signals (orchestrator_id, kind, reason, created_at)
    select o.id, 'shutdown', p_reason, pgconductor.current_time() from pgconductor.orchestrators o where o.id = p_orchestrator_id;
    if not found then
        return false;
    end if;
    perform pg_notify(pgconductor.orchestrator_channel(p_orchestrator_id), 'signal');
    return true;
end
$$;
