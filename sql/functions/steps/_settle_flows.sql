-- _settle for leases in which executions have steps, or suspend: _settle itself for every position, and around it what
-- their steps and parents ask for.
--
-- The result of an outcome 'suspended' says what is waited for: {"open": [names of waits recorded before], "waits":
-- [new ones, see _begin_waits]}. If one of the open ones has its outcome by now, the execution is put back as due.
-- Locks: the leases, held by the caller, then steps, then executions.
create or replace function pgconductor._settle_flows(
    p_orchestrator_id uuid,
    p_whole_leases    bigint[],
    p_lease_ids       bigint[],
    p_positions       integer[],
    p_outcomes        text[],
    p_results         jsonb[],
    p_errors          jsonb[],
    p_delays          double precision[],
    p_now             timestamptz)
returns table (lease_id bigint, "position" integer, effect text)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_results   jsonb[] := p_results;
    v_delays    double precision[] := p_delays;
    v_flow      record;
    v_ended     record;
    v_resolved  boolean;
    v_deadline  timestamptz;
    v_ids       uuid[];
    v_queues    text[];
    v_leases    bigint[];
    v_places    integer[];
    v_flows     jsonb[];
    v_reasons   text[];
    v_tasks     text[];
    v_settled_leases bigint[];
    v_settled_places integer[];
    v_effects        text[];
begin
    -- Before any step is locked, as a delivery does.
    if 'suspended' = any (p_outcomes) then
        perform pgconductor._lock_awaited_keys(array(
            select o.result from unnest(p_outcomes, p_results) o (outcome, result) where o.outcome = 'suspended'));
    end if;

    -- Read before the leases go.
    select array_agg(u.id), array_agg(l.queue), array_agg(l.id), array_agg(u.position::integer),
        array_agg(coalesce(u.extra -> 'flow', '{}')), array_agg(l.cancels ->> u.position::text), array_agg(u.task_key)
    into v_ids, v_queues, v_leases, v_places, v_flows, v_reasons, v_tasks
    from pgconductor.leases l
    cross join lateral unnest(l.ids, l.task_keys, l.extras) with ordinality u (id, task_key, extra, position)
    where l.id = any (p_whole_leases || p_lease_ids) and (l.orchestrator_id = p_orchestrator_id) is true
        and u.position::smallint <> all (l.done)
        and (u.position::smallint = any (l.stepped)
            or exists (
                select from unnest(p_lease_ids, p_positions, p_outcomes) o (lease_id, position, outcome)
                where o.lease_id = l.id and o.position = u.position and o.outcome = 'suspended'));

    -- Those that suspend: when they are due again.
    for v_flow in
        select o.ordinal, o.result, f.id
        from unnest(p_lease_ids, p_positions, p_outcomes, p_results) with ordinality o (lease_id, position, outcome, result, ordinal)
        join unnest(v_leases, v_places, v_ids) f (lease_id, position, id) on f.lease_id = o.lease_id and f.position = o.position
        where o.outcome = 'suspended'
        order by f.id
    loop
        if jsonb_typeof(v_flow.result) is distinct from 'object' then
            perform pgconductor._raise('PC004', format('an execution cannot wait for %s', left(coalesce(v_flow.result::text, 'nothing'), 100)),
                'Give an object with "open", "waits" or both.');
        end if;

        v_resolved := false;
        v_deadline := 'infinity';
        if jsonb_array_length(v_flow.result -> 'open') > 0 then
            select count(*) < jsonb_array_length(v_flow.result -> 'open') or bool_or(s.finished_at is not null), min(s.deadline)
            into v_resolved, v_deadline
            from (
                select x.finished_at, x.deadline
                from pgconductor.steps x
                where x.execution_id = v_flow.id and x.name in (select jsonb_array_elements_text(v_flow.result -> 'open'))
                order by x.kind = 'all', x.name
                for update
            ) s;
        end if;

        select least(v_deadline, min(coalesce((w ->> 'deadline')::timestamptz,
            p_now + make_interval(secs => case when w ? 'seconds' then least((w ->> 'seconds')::double precision, 3155760000) end))))
        into v_deadline
        from jsonb_array_elements(coalesce(v_flow.result -> 'waits', '[]')) w;

        if v_delays is null then
            v_delays := array_fill(null::double precision, array[cardinality(p_lease_ids)]);
        end if;
        -- A delay of null is for ever.
        v_delays[v_flow.ordinal] := case
            when v_resolved then 0
            when v_deadline < 'infinity' then greatest(extract(epoch from v_deadline - p_now), 0)
        end;
        -- Without its word "waiting" nothing but time wakes it.
        v_results[v_flow.ordinal] := case
            when v_resolved or not (jsonb_array_length(coalesce(v_flow.result -> 'open', '[]')) > 0
                or jsonb_path_exists(v_flow.result, '$.waits[*].kind ? (@ != "sleep")')) then '{}'
            else '{"waiting": true}'
        end;
    end loop;

    select array_agg(s.lease_id), array_agg(s.position), array_agg(s.effect)
    into v_settled_leases, v_settled_places, v_effects
    from pgconductor._settle(p_orchestrator_id, p_whole_leases, p_lease_ids, p_positions, p_outcomes, v_results, p_errors, v_delays,
        p_now, true) s;
    return query select u.l, u.p, u.e from unnest(v_settled_leases, v_settled_places, v_effects) u (l, p, e);

    select array_agg(f.id) as ids, array_agg(f.flow) as flows, array_agg(e.effect) as effects, array_agg(o.result) as results,
        array_agg(case when e.effect = 'cancelled' and f.reason is not null then jsonb_build_object('type', 'Cancelled', 'message', f.reason)
            else o.error end) as errors,
        array_agg(e.effect <> 'completed' and t.keep_failed is distinct from interval '0') as kept
    into v_ended
    from unnest(v_leases, v_places, v_ids, v_flows, v_reasons, v_tasks) f (lease_id, position, id, flow, reason, task_key)
    join unnest(v_settled_leases, v_settled_places, v_effects) e (lease_id, position, effect)
        on e.lease_id = f.lease_id and e.position = f.position and e.effect in ('completed', 'failed', 'cancelled')
    left join (
        select distinct on (u.lease_id, u.position) u.lease_id, u.position, u.result, u.error
        from unnest(p_lease_ids, p_positions, p_results, p_errors) with ordinality u (lease_id, position, result, error, ordinal)
        order by u.lease_id, u.position, u.ordinal
    ) o on o.lease_id = f.lease_id and o.position = f.position
    left join pgconductor.tasks t on t.key = f.task_key;
    if v_ended.ids is not null then
        perform pgconductor._end_flows(v_ended.ids, v_ended.flows, v_ended.effects, v_ended.results, v_ended.errors, v_ended.kept, p_now);
    end if;

    for v_flow in
        select f.id, f.queue, o.result
        from unnest(v_leases, v_places, v_ids, v_queues) f (lease_id, position, id, queue)
        join unnest(v_settled_leases, v_settled_places, v_effects) e (lease_id, position, effect)
            on e.lease_id = f.lease_id and e.position = f.position and e.effect = 'suspended'
        join unnest(p_lease_ids, p_positions, p_outcomes, p_results) o (lease_id, position, outcome, result)
            on o.lease_id = f.lease_id and o.position = f.position and o.outcome = 'suspended'
        where jsonb_array_length(o.result -> 'waits') > 0
        order by f.id
    loop
        perform pgconductor._begin_waits(v_flow.id, v_flow.queue, v_flow.result -> 'waits', p_now);
    end loop;
end
$$;
