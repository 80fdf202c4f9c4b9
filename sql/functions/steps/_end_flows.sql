-- What follows from the end of executions that may have steps. Parallel arrays: the execution and its flow, its effect
-- (completed, failed or cancelled), its result, its error, and whether its steps are kept with it (a dead letter, so that a retry
-- resumes).
--   * its children that still run, and are not detached, are cancelled: nobody waits for them
--   * its steps go; of a kept one only those that were waited for
--   * its own parent gets its outcome
-- Locks: steps, then executions; see _resolve_waits.
create or replace function pgconductor._end_flows(
    p_ids     uuid[],
    p_flows   jsonb[],
    p_effects text[],
    p_results jsonb[],
    p_errors  jsonb[],
    p_kept    boolean[],
    p_now     timestamptz)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_parents uuid[];
    v_queues  text[];
    v_names   text[];
    v_failed  boolean[];
    v_results jsonb[];
    v_orphans bigint;
begin
    select array_agg((u.flow ->> 'parent')::uuid), array_agg(u.flow ->> 'queue'), array_agg(u.flow ->> 'step'),
        array_agg(u.effect <> 'completed'),
        array_agg(case when u.effect = 'completed' then u.result
            else coalesce(u.error, '{}') - 'stack' || jsonb_build_object('execution', u.id, 'cancelled', u.effect = 'cancelled') end)
    into v_parents, v_queues, v_names, v_failed, v_results
    from unnest(p_ids, p_flows, p_effects, p_results, p_errors) u (id, flow, effect, result, error)
    where u.flow ? 'parent';

    -- Single waits before groups, as everybody locks them.
    perform 1
    from pgconductor.steps s
    where s.execution_id = any (p_ids) and s.finished_at is null
    order by s.kind = 'all', s.execution_id, s.name
    for update;

    with gone as (
        delete from pgconductor.steps s
        using unnest(p_ids, p_kept, p_effects) u (id, kept, effect)
        where s.execution_id = u.id and (not u.kept or s.finished_at is null)
        returning s.execution_id, u.effect, case when s.finished_at is null and not s.detached then s.child_id end as child_id
    ),
    orphaned as (
        insert into pgconductor.orphans (execution_id, reason)
        select g.child_id, format('its parent %s %s', g.execution_id,
            case g.effect when 'completed' then 'has ended' when 'failed' then 'failed' else 'was cancelled' end)
        from gone g
        where g.child_id is not null
        on conflict do nothing
        returning 1
    )
    select count(*) into v_orphans from orphaned;

    if v_parents is not null then
        perform pgconductor._resolve_waits(v_parents, v_queues, v_names, v_failed, v_results, p_now);
    end if;
    if v_orphans > 0 then
        perform pgconductor._announce_orphans();
    end if;
end
$$;
