-- After a breaking migration: fences every process whose version cannot work with the schema any more. Its unfinished positions go
-- back to executions, attempts counted, or to the dead letters; its row goes, so that whatever it still sends is rejected. It
-- learns that with its next heartbeat, and register_orchestrator does not take it back. Called by the migrator in the migration's
-- transaction, which those that were asked to leave, and did not in time, cannot hold up: whether they are slow, wedged or dead.
-- Locks: orchestrators, then leases in order of id.
create or replace function pgconductor._retire_orchestrators(
    out orchestrators integer,
    out rescued       integer,
    out dead_lettered integer)
language plpgsql
set search_path = ''
as $$
declare
    v_now    timestamptz := pgconductor.current_time();
    v_owner  uuid;
    v_counts record;
begin
    orchestrators := 0;
    rescued := 0;
    dead_lettered := 0;

    for v_owner in
        select o.id from pgconductor.orchestrators o
        where o.schema_version < (select max(m.version) from pgconductor.migrations m where m.breaking)
        order by o.id
        for update
    loop
        select * into v_counts from pgconductor._put_back_leases(v_owner,
            format('its process (orchestrator %s) is of a version that a breaking migration left behind', v_owner), v_now);
        delete from pgconductor.orchestrators o where o.id = v_owner;
        orchestrators := orchestrators + 1;
        rescued := rescued + v_counts.rescued;
        dead_lettered := dead_lettered + v_counts.dead_lettered;
    end loop;
end
$$;
