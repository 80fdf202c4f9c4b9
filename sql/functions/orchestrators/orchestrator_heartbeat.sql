-- One beat: says "alive", forgets the signals acknowledged, takes over from the dead, delivers events that were left, cancels orphans, and answers what to do.
--
-- p_known_leases: the leases this process knows to hold (null: not checked). One that it does not know, older than
-- p_lost_after, came from a claim whose reply was lost: it is put back, no attempt counted. p_lost_after must be longer
-- than a claim can take.
-- alive false: this orchestrator was taken over (silent for longer than p_takeover): cancel everything that runs and
-- register again; late results will be rejected. next_takeover: how long until the next orchestrator would be dead if
-- it stays silent (null: there is no other); call recover_stale_orchestrators then rather than waiting for the next beat.
-- next_schedule: how long until a schedule is due (null: none is); call due_schedules then.
create or replace function pgconductor.orchestrator_heartbeat(
    p_orchestrator_id uuid,
    p_takeover        interval default '30 seconds',
    p_acknowledged    bigint[] default '{}',
    p_draining        boolean default false,
    p_known_leases    bigint[] default null,
    p_lost_after      interval default '1 minute',
    out alive             boolean,
    out signal_ids        bigint[],
    out signal_kinds      text[],
    out signal_executions uuid[],
    out signal_reasons    text[],
    out recovered_orchestrators integer,
    out rescued           integer,
    out dead_lettered     integer,
    out next_takeover     interval,
    out schema_version    integer,
    out next_schedule     interval)
language plpgsql
set search_path = ''
as $$
declare
    -- At most so many a beat: nobody may wait for long, and others may take their share.
    c_events  constant integer := 100;
    c_orphans constant integer := 50;
    v_now  timestamptz := pgconductor.current_time();
    v_more boolean;
begin
    update pgconductor.orchestrators o set last_heartbeat_at = v_now, draining = p_draining
    where o.id = p_orchestrator_id;
    alive := found;

    if cardinality(p_acknowledged) > 0 then
        delete from pgconductor.signals s where s.orchestrator_id = p_orchestrator_id and s.id = any (p_acknowledged);
    end if;

    if p_known_leases is not null then
        perform pgconductor._release_lost_leases(p_orchestrator_id, p_known_leases, v_now - p_lost_after, v_now);
    end if;

    select r.orchestrators, r.rescued, r.dead_lettered into recovered_orchestrators, rescued, dead_lettered
    from pgconductor.recover_stale_orchestrators(p_takeover) r;

    perform pgconductor._adopt_stray_lanes(p_orchestrator_id);
    perform pgconductor._adopt_stray_keys(p_orchestrator_id);
    v_more := pgconductor._deliver_left(c_events) = c_events;
    if exists (select from pgconductor.orphans) then
        v_more := pgconductor._cancel_orphans(c_orphans) = c_orphans or v_more;
    end if;
    -- There may be more: this process is told to beat again at once. A parent of thousands is cancelled in seconds.
    if v_more then
        perform pg_notify(pgconductor.orchestrator_channel(p_orchestrator_id), 'signal');
    end if;

    select coalesce(array_agg(s.id order by s.id), '{}'), coalesce(array_agg(s.kind order by s.id), '{}'),
        coalesce(array_agg(s.execution_id order by s.id), '{}'), coalesce(array_agg(s.reason order by s.id), '{}')
    into signal_ids, signal_kinds, signal_executions, signal_reasons
    from pgconductor.signals s
    where s.orchestrator_id = p_orchestrator_id;

    select case when count(*) > 0 then greatest(min(o.last_heartbeat_at) + p_takeover - v_now, interval '0') end into next_takeover
    from pgconductor.orchestrators o
    where o.id <> p_orchestrator_id;

    select max(m.version) into schema_version from pgconductor.migrations m;

    select greatest(s.look_at - v_now, interval '0') into next_schedule
    from pgconductor.schedules s
    where not s.paused and s.look_at < 'infinity'
    order by s.look_at
    limit 1;
end
$$;
