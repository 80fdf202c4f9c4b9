-- Settles every unfinished position of an orchestrator's leases as a failed attempt to be repeated at once.
create or replace function pgconductor._put_back_leases(
    p_orchestrator_id uuid,
    p_reason          text,
    p_now             timestamptz,
    p_claimed_until   timestamptz default 'infinity',
    out rescued       integer,
    out dead_lettered integer)
language plpgsql
set search_path = ''
as $$
declare
    v_leases    bigint[];
    v_positions integer[];
    v_count     integer;
begin
    -- Held until the end, so that what a slow owner flushes meanwhile is either in "done" here or rejected there.
    perform 1 from pgconductor.leases l
    where l.orchestrator_id = p_orchestrator_id and l.claimed_at <= p_claimed_until
    order by l.id
    for update;

    select array_agg(l.id order by l.id, s), array_agg(s order by l.id, s), count(*)
    into v_leases, v_positions, v_count
    from pgconductor.leases l, generate_series(1, l.size) s
    where l.orchestrator_id = p_orchestrator_id and l.claimed_at <= p_claimed_until and s::smallint <> all (l.done);

    if v_count = 0 then
        rescued := 0;
        dead_lettered := 0;
        return;
    end if;

    select count(*) filter (where s.effect = 'retried'), count(*) filter (where s.effect = 'failed')
    into rescued, dead_lettered
    from pgconductor._settle(p_orchestrator_id, '{}', v_leases, v_positions, array_fill('failed'::text, array[v_count]), null,
        array_fill(jsonb_build_object('type', 'Crashed', 'message', p_reason), array[v_count]),
        array_fill(0::double precision, array[v_count]), p_now) s;
end
$$;
