-- There may be orphans: the process that beat last is told to beat now, which cancels them. Only a hint: every heartbeat
-- looks. An outcome must not cancel other executions itself: it holds locks that a cancellation takes in another order.
create or replace function pgconductor._announce_orphans()
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_orchestrator uuid;
begin
    if exists (select from pgconductor.orphans) then
        select o.id into v_orchestrator from pgconductor.orchestrators o order by o.last_heartbeat_at desc limit 1;
        if found then
            perform pg_notify(pgconductor.orchestrator_channel(v_orchestrator), 'signal');
        end if;
    end if;
end
$$;
