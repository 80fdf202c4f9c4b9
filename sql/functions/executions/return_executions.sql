-- Records outcomes of claimed executions and says what it did with each.
--
-- p_completed_leases: leases of which every position completed without a result; the cheap way for the common case.
-- The other arrays run in parallel, one element a position:
--   outcome 'completed'  finished; p_results may hold its result
--           'failed'     retried after p_delays seconds (null: the task's backoff), or dead-lettered if no attempt is left
--           'dead'       dead-lettered at once
--           'released'   put back as if never started, after p_delays seconds (null: now)
--                        (a delay below 0 is 0; one beyond 100 years dead-letters the execution and says so)
--           'suspended'  put back, no attempt counted, until what its result names has come: {"waits": [..]}; what a wait is,
--                        _begin_waits says
--           'cancelled'  finished as cancelled; p_errors ->> 'message' is the reason
--
-- Returns (lease, position, effect): completed, retried, failed, released, suspended, cancelled, or rejected: the lease is no
-- longer this orchestrator's, or the position has its outcome already. A lease named in p_completed_leases answers
-- with one row of position 0 when all its positions went the cheap way, or when it is gone (rejected).
-- Anything else as an outcome, or arrays of unequal length: PC004, and nothing is recorded.
-- Each position changes exactly one execution, exactly once. Locks: leases in order of id, then whatever follows.
--
-- Planner: leases are found by their ids. "is true" keeps it from going through all that this orchestrator ever had, which seems
-- as good while the table is empty; dead ones stay in that index for as long as an old transaction is open.
create or replace function pgconductor.return_executions(
    p_orchestrator_id  uuid,
    p_completed_leases bigint[] default '{}',
    p_lease_ids        bigint[] default '{}',
    p_positions        integer[] default '{}',
    p_outcomes         text[] default '{}',
    p_results          jsonb[] default null,
    p_errors           jsonb[] default null,
    p_delays           double precision[] default null)
returns table (lease_id bigint, "position" integer, effect text)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_left bigint[];
    v_done bigint[];
begin
    if cardinality(p_completed_leases) > 0 then
        with gone as (
            delete from pgconductor.leases l
            where l.id = any (p_completed_leases) and (l.orchestrator_id = p_orchestrator_id) is true
                and l.plain and l.cancels is null and l.done = '{}'
            returning l.id
        )
        select array_agg(g.id) into v_done from gone g;

        return query select u.id, 0, 'completed'::text from unnest(v_done) u (id);

        if coalesce(cardinality(v_done), 0) < cardinality(p_completed_leases) then
            select array_agg(u.id) into v_left
            from unnest(p_completed_leases) u (id)
            where v_done is null or u.id <> all (v_done);
        end if;
    end if;

    if v_left is not null or cardinality(p_lease_ids) > 0 then
        if exists (select from unnest(p_outcomes) o where o not in ('completed', 'failed', 'dead', 'released', 'suspended', 'cancelled') or o is null)
            or cardinality(p_lease_ids) is distinct from cardinality(p_positions)
            or cardinality(p_lease_ids) is distinct from cardinality(p_outcomes) then
            perform pgconductor._raise('PC004',
                format('%s leases, %s positions and outcomes %s are not results', cardinality(p_lease_ids), cardinality(p_positions),
                    left(array(select distinct coalesce(o, 'null') from unnest(p_outcomes) o)::text, 200)),
                'Give arrays of equal length, and outcomes completed, failed, dead, released, suspended or cancelled.');
        end if;

        return query
            select * from pgconductor._settle(p_orchestrator_id, coalesce(v_left, '{}'), p_lease_ids, p_positions,
                p_outcomes, p_results, p_errors, p_delays, pgconductor.current_time());
    end if;
end
$$;
