-- Takes everything from one orchestrator: its unfinished positions go back to executions at once, attempts counted, or to the dead
-- letters when none is left; its row goes, so that whatever it still sends is rejected. p_reason is what their errors say. The caller
-- has locked its row.
create or replace function pgconductor._fence_orchestrator(
    p_orchestrator_id uuid,
    p_reason          text,
    p_now             timestamptz,
    out rescued       integer,
    out dead_lettered integer)
language plpgsql
set search_path = ''
as $$
begin
    select b.rescued, b.dead_lettered into rescued, dead_lettered
    from pgconductor._put_back_leases(p_orchestrator_id, p_reason, p_now) b;
    delete from pgconductor.orchestrators o where o.id = p_orchestrator_id;
end
$$;
