-- After a breaking migration: fences every process whose version cannot work with the schema any more (see _fence_orchestrator). It
-- learns that with its next heartbeat, and register_orchestrator does not take it back. Called by the migrator in the migration's
-- transaction, which those that were asked to leave, and did not in time, cannot hold up: whether they are slow, wedged or dead.
-- Locks: one orchestrator after the other, each with its leases in order of id.
create or replace function pgconductor._retire_orchestrators(
    out orchestrators integer,
    out rescued       integer,
    out dead_lettered integer)
language plpgsql
set search_path = ''
as $$
declare
    v_now timestamptz := pgconductor.current_time();
begin
    select count(*), coalesce(sum(f.rescued), 0), coalesce(sum(f.dead_lettered), 0)
    into orchestrators, rescued, dead_lettered
    from (
        select o.id from pgconductor.orchestrators o
        where o.schema_version < (select max(m.version) from pgconductor.migrations m where m.breaking)
        order by o.id
        for update
    ) o
    cross join lateral pgconductor._fence_orchestrator(o.id,
        format('its process (orchestrator %s) is of a version that a breaking migration left behind', o.id), v_now) f;
end
$$;
