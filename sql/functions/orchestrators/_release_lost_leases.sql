-- Puts back, as if never started, what an orchestrator claimed up to p_claimed_until and does not know of: the reply to its
-- claim was lost. Returns how many executions.
create or replace function pgconductor._release_lost_leases(
    p_orchestrator_id uuid,
    p_held            bigint[],
    p_claimed_until   timestamptz,
    p_now             timestamptz)
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_leases    bigint[];
    v_positions integer[];
begin
    select array_agg(l.id order by l.id, s), array_agg(s order by l.id, s)
    into v_leases, v_positions
    from pgconductor.leases l, generate_series(1, l.size) s
    where l.orchestrator_id = p_orchestrator_id and l.claimed_at <= p_claimed_until and l.id <> all (p_held)
        and s::smallint <> all (l.done);

    if v_leases is null then
        return 0;
    end if;

    return (
        select count(*) filter (where s.effect = 'released')
        from pgconductor._settle(p_orchestrator_id, '{}', v_leases, v_positions,
            array_fill('released'::text, array[cardinality(v_leases)]), null, null, null, p_now) s);
end
$$;
