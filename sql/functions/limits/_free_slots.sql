-- Gives back the slots of positions that get their outcome now: whichever it is, and whoever gives it. Called by _settle before
-- it settles them, with the leases locked. It only inserts, so an outcome waits for no claim.
create or replace function pgconductor._free_slots(
    p_orchestrator_id uuid,
    p_whole_leases    bigint[],
    p_lease_ids       bigint[],
    p_positions       integer[])
returns void
language plpgsql
set search_path = ''
as $$
begin
    insert into pgconductor.freed_slots (task_key, key, slots)
    select u.task_key, k.key, count(*)
    from pgconductor.leases l
    cross join lateral unnest(l.task_keys, l.extras) with ordinality u (task_key, extra, position)
    cross join lateral jsonb_array_elements_text(u.extra -> 'limits') k (key)
    where l.id = any (p_whole_leases || p_lease_ids) and l.orchestrator_id = p_orchestrator_id
        and u.position::smallint = any (l.limited) and u.position::smallint <> all (l.done)
        and (l.id = any (p_whole_leases) or exists (
            select from unnest(p_lease_ids, p_positions) g (lease_id, position)
            where g.lease_id = l.id and g.position = u.position))
    group by u.task_key, k.key;
end
$$;
