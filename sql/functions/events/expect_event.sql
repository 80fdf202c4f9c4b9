-- Registers the wait of a running execution for an event before the execution suspends: every matching event whose transaction commits after this
-- one's is its. p_wait is a wait of kind event as _begin_waits describes it: name, key, ordinal, started_at, seconds or
-- deadline, detail {"match": a filter}. Registered once: repeating it changes nothing.
-- Returns whether the execution is still this orchestrator's. PC004: a key or filter that cannot be. Locks: the lease, then the key.
create or replace function pgconductor.expect_event(p_orchestrator_id uuid, p_lease_id bigint, p_position integer, p_wait jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
    v_lease record;
begin
    select l.ids[p_position] as execution_id, l.queue, l.stepped into v_lease
    from pgconductor.leases l
    where l.id = p_lease_id and l.orchestrator_id = p_orchestrator_id and p_position between 1 and l.size
        and p_position::smallint <> all (l.done)
    for no key update;
    if not found then
        return false;
    end if;

    if p_position::smallint <> all (v_lease.stepped) then
        update pgconductor.leases l set plain = false, stepped = l.stepped || p_position::smallint where l.id = p_lease_id;
    end if;
    perform pg_advisory_xact_lock(1885823589, hashtext(p_wait ->> 'key'));
    perform pgconductor._begin_waits(v_lease.execution_id, v_lease.queue, jsonb_build_array(p_wait || '{"kind": "event"}'),
        pgconductor.current_time());
    return true;
end
$$;
