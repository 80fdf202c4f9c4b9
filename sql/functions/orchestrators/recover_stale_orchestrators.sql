-- Takes over from every orchestrator that has been silent for p_takeover: its unfinished positions go back to
-- executions at once, attempts counted, or to the dead letters when none is left; its row goes, so that whatever it
-- still sends is rejected. Also the leases of owners that never registered. Several processes may call it at once.
-- At most four of the dead a call: the caller's own heartbeat commits with it, and must not wait for a hundred. The beat
-- says that the next is due at once.
-- Locks: orchestrators, then leases in order of id.
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
    v_owner   uuid;
    v_counts  record;
begin
    orchestrators := 0;
    rescued := 0;
    dead_lettered := 0;

    for v_owner in
        select o.id from pgconductor.orchestrators o
        where o.last_heartbeat_at <= v_now - p_takeover
        order by o.last_heartbeat_at
        limit 4
        for update skip locked
    loop
        select * into v_counts from pgconductor._put_back_leases(v_owner,
            format('its process (orchestrator %s) stopped answering', v_owner), v_now);
        delete from pgconductor.orchestrators o where o.id = v_owner;
        orchestrators := orchestrators + 1;
        rescued := rescued + v_counts.rescued;
        dead_lettered := dead_lettered + v_counts.dead_lettered;
    end loop;

    for v_owner in
        select distinct l.orchestrator_id from pgconductor.leases l
        where l.claimed_at <= v_now - p_takeover
            and not exists (select from pgconductor.orchestrators o where o.id = l.orchestrator_id)
    loop
        select * into v_counts from pgconductor._put_back_leases(v_owner,
            format('its owner (orchestrator %s) is not registered', v_owner), v_now, v_now - p_takeover);
        rescued := rescued + v_counts.rescued;
        dead_lettered := dead_lettered + v_counts.dead_lettered;
    end loop;
end
$$;
