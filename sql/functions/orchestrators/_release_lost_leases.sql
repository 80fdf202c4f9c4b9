-- Puts back the leases of an orchestrator that it does not know to hold, claimed before p_claimed_before: the reply of
-- that claim was lost on its way.
create or replace function pgconductor._release_lost_leases(
    p_orchestrator_id uuid,
    p_known           bigint[],
    p_claimed_before  timestamptz,
    p_now             timestamptz)
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_leases    bigint[];
    v_positions integer[];
    v_count     integer;
begin
    select array_agg(l.id), array_agg(s), count(*)
    into v_leases, v_positions, v_count
    from pgconductor.leases l, generate_series(1, l.size) s
    where l.orchestrator_id = p_orchestrator_id and l.claimed_at <= p_claimed_before and l.id <> all (p_known)
        and s::smallint <> all (l.done);

    if v_count > 0 then
        perform pgconductor._settle(p_orchestrator_id, '{}', v_leases, v_positions,
            array_fill('released'::text, array[v_count]), null, null, null, p_now);
    end if;
    return v_count;
end
$$;
