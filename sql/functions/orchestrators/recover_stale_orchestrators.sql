-- Takes over from every orchestrator that has been silent for p_takeover: its unfinished positions go back to
-- executions at once, attempts counted, or to the dead letters when none is left; its row goes, so that whatever it
-- still sends is rejected. Also the leases of owners that never registered. Several processes may call it at once.
-- At most four of the dead a call: the caller's own heartbeat commits with it, and must not wait for a hundred. The beat
-- says that the next is due at once.
-- Locks: one orchestrator after the other, each with its leases in order of id.
create or replace function pgconductor.recover_stale_orchestrators(
    p_takeover        interval default '30 seconds',
    out orchestrators integer,
    out rescued       integer,
    out dead_lettered integer)
language plpgsql
set search_path = ''
as $$
declare
    v_now     timestamptz := pgconductor.current_time();
    v_unowned record;
begin
    select count(*), coalesce(sum(f.rescued), 0), coalesce(sum(f.dead_lettered), 0)
    into orchestrators, rescued, dead_lettered
    from (
        select o.id from pgconductor.orchestrators o
        where o.last_heartbeat_at <= v_now - p_takeover
        order by o.last_heartbeat_at
        limit 4
        for update skip locked
    ) o
    cross join lateral pgconductor._fence_orchestrator(o.id, format('its process (orchestrator %s) stopped answering', o.id), v_now) f;

    select coalesce(sum(b.rescued), 0) as rescued, coalesce(sum(b.dead_lettered), 0) as dead_lettered into v_unowned
    from (
        select distinct l.orchestrator_id from pgconductor.leases l
        where l.claimed_at <= v_now - p_takeover
            and not exists (select from pgconductor.orchestrators o where o.id = l.orchestrator_id)
    ) l
    cross join lateral pgconductor._put_back_leases(l.orchestrator_id, format('its owner (orchestrator %s) is not registered', l.orchestrator_id),
        v_now, v_now - p_takeover) b;
    rescued := rescued + v_unowned.rescued;
    dead_lettered := dead_lettered + v_unowned.dead_lettered;
end
$$;
