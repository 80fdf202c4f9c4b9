-- Remembers finished steps of running executions, of many executions at once. Parallel arrays, one element a step:
-- lease and position of the execution, the step's name (1 to 400 bytes, unique in the execution) and its place in the order,
-- its result, when it was started and finished by the execution's own clock (null: now), whether the result is a failure.
--
-- Returns (item, effect), items 1-based:
--   'saved'     it is stored
--   'existing'  the execution has a finished step of this name, and keeps it
--   'rejected'  the lease is no longer this orchestrator's, or the position has its outcome already
-- A step that is waited for is closed by it: nobody waits any more, and a child that is not detached is cancelled.
-- PC004: arrays of unequal length, a name that cannot be. Then nothing is stored.
-- Locks: leases in order of id, so that an outcome or a takeover is either before or after it.
create or replace function pgconductor.save_steps(
    p_orchestrator_id uuid,
    p_lease_ids       bigint[],
    p_positions       integer[],
    p_names           text[],
    p_ordinals        integer[],
    p_results         jsonb[] default null,
    p_started_ats     timestamptz[] default null,
    p_finished_ats    timestamptz[] default null,
    p_failed          boolean[] default null)
returns table (item integer, effect text)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    v_now  timestamptz := pgconductor.current_time();
    v_mark boolean;
begin
    if cardinality(p_lease_ids) is distinct from cardinality(p_positions) or cardinality(p_lease_ids) is distinct from cardinality(p_names)
        or cardinality(p_lease_ids) is distinct from cardinality(p_ordinals) then
        perform pgconductor._raise('PC004', format('%s leases, %s positions, %s names and %s ordinals are not steps',
            cardinality(p_lease_ids), cardinality(p_positions), cardinality(p_names), cardinality(p_ordinals)), 'Give arrays of equal length.');
    end if;
    if exists (select from unnest(p_names) n where n is null or n = '' or octet_length(n) > 400) then
        perform pgconductor._raise('PC004', format('"%s" cannot be the name of a step',
            (select left(coalesce(n, 'null'), 100) from unnest(p_names) n where n is null or n = '' or octet_length(n) > 400 limit 1)),
            'A step''s name is 1 to 400 bytes long.');
    end if;

    -- Exclusive, though several could share it: that would cost more than it gives to a process that saves one batch at a time.
    select bool_or(s.unmarked) into v_mark
    from (
        select exists (
            select from unnest(p_lease_ids, p_positions) u (lease_id, position)
            where u.lease_id = l.id and u.position::smallint <> all (l.stepped)) as unmarked
        from pgconductor.leases l
        where l.id = any (p_lease_ids) and (l.orchestrator_id = p_orchestrator_id) is true
        order by l.id
        for no key update
    ) s;

    if v_mark then
        update pgconductor.leases l
        set plain = false, stepped = l.stepped || array(
            select distinct u.position::smallint
            from unnest(p_lease_ids, p_positions) u (lease_id, position)
            where u.lease_id = l.id and u.position between 1 and l.size and u.position::smallint <> all (l.stepped))
        where l.id = any (p_lease_ids) and (l.orchestrator_id = p_orchestrator_id) is true;
    end if;

    return query
    with given as (
        select u.ordinality::integer as item, l.ids[u.position] as execution_id, u.name, u.ordinal, u.result,
            coalesce(u.started_at, v_now) as started_at, coalesce(u.finished_at, v_now) as finished_at, coalesce(u.failed, false) as failed
        from unnest(p_lease_ids, p_positions, p_names, p_ordinals, p_results, p_started_ats, p_finished_ats, p_failed)
            with ordinality u (lease_id, position, name, ordinal, result, started_at, finished_at, failed, ordinality)
        join pgconductor.leases l on l.id = u.lease_id and (l.orchestrator_id = p_orchestrator_id) is true
            and u.position between 1 and l.size and u.position::smallint <> all (l.done)
    ),
    saved as (
        insert into pgconductor.steps as s (execution_id, started_at, finished_at, ordinal, bytes, failed, name, result)
        select distinct on (g.execution_id, g.name) g.execution_id, g.started_at, g.finished_at, g.ordinal,
            coalesce(pg_column_size(g.result), 0), g.failed, g.name, g.result
        from given g
        order by g.execution_id, g.name, g.item
        on conflict (execution_id, name) do update
        set finished_at = excluded.finished_at, failed = excluded.failed, result = excluded.result, bytes = excluded.bytes
        where s.finished_at is null
        returning s.execution_id, s.name, case when not s.detached then s.child_id end as child_id
    ),
    left_alone as (
        insert into pgconductor.orphans (execution_id, reason)
        select s.child_id, format('its parent %s no longer waits for it', s.execution_id)
        from saved s
        where s.child_id is not null
        on conflict do nothing
    )
    select u.ordinality::integer, case when g.item is null then 'rejected' when s.name is null then 'existing' else 'saved' end
    from unnest(p_names) with ordinality u (name, ordinality)
    left join given g on g.item = u.ordinality
    left join saved s on s.execution_id = g.execution_id and s.name = g.name;

    if true = any (p_failed) then
        perform pgconductor._announce_orphans();
    end if;
end
$$;
