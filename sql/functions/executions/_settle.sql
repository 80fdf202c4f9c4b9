-- The transition of one execution, for all positions given, in one statement: (state of the lease, outcome) to
-- effect, and what follows from the effect. Every end and every return of a running execution goes through here,
-- recovery of the dead included. Executions with steps, and those that suspend, go the longer way through _settle_flows,
-- which comes back here (p_inside).
--
-- Planner: see return_executions.
create or replace function pgconductor._settle(
    p_orchestrator_id uuid,
    p_whole_leases    bigint[],
    p_lease_ids       bigint[],
    p_positions       integer[],
    p_outcomes        text[],
    p_results         jsonb[],
    p_errors          jsonb[],
    p_delays          double precision[],
    p_now             timestamptz,
    p_inside          boolean default false)
returns table (lease_id bigint, "position" integer, effect text)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    -- Delays beyond a century are refused, one by one: an interval of them overflows, which would fail the whole call.
    c_longest constant double precision := 3155760000;
    v_queue   text;
    v_queues  text[];
    v_stepped boolean;
    v_limited boolean;
begin
    -- Lock order: leases by id.
    select array_agg(distinct s.queue), bool_or(s.stepped <> '{}'), bool_or(s.limited <> '{}') into v_queues, v_stepped, v_limited
    from (
        select l.queue, l.stepped, l.limited
        from pgconductor.leases l
        where l.id = any (p_whole_leases || p_lease_ids) and (l.orchestrator_id = p_orchestrator_id) is true
        order by l.id
        for update
    ) s;

    if not p_inside and (v_stepped or 'suspended' = any (p_outcomes)) then
        return query select * from pgconductor._settle_flows(p_orchestrator_id, p_whole_leases, p_lease_ids, p_positions, p_outcomes,
            p_results, p_errors, p_delays, p_now);
        return;
    end if;

    if v_limited then
        perform pgconductor._free_slots(p_orchestrator_id, p_whole_leases, p_lease_ids, p_positions);
    end if;

    return query
    with held as materialized (
        select l.*
        from pgconductor.leases l
        where l.id = any (p_whole_leases || p_lease_ids) and (l.orchestrator_id = p_orchestrator_id) is true
    ),
    given as (
        select g.lease_id, g.position, g.outcome, g.result, g.error, g.delay,
            row_number() over (partition by g.lease_id, g.position order by g.ordinal) as repetition
        from (
            select u.lease_id, u.position, u.outcome, u.result, u.error, u.delay, u.ordinal
            from unnest(p_lease_ids, p_positions, p_outcomes, p_results, p_errors, p_delays)
                with ordinality u (lease_id, position, outcome, result, error, delay, ordinal)
            union all
            select h.id, s, 'completed', null, null, null, 0
            from held h, generate_series(1, h.size) s
            where h.id = any (p_whole_leases)
        ) g
    ),
    item as (
        select h.id as lease_id, u.position::integer as position, h.queue, h.claimed_at, u.id, u.task_key, u.priority,
            u.attempt, u.run_at, u.created_at, u.payload, h.cancels ->> u.position::text as cancel_reason,
            (u.extra ->> 'max_attempts')::smallint as max_attempts,
            u.extra ->> 'dedupe_key' as dedupe_key,
            u.extra ->> 'trace_parent' as trace_parent,
            u.extra -> 'errors' as errors,
            (u.extra ->> 'large_payload_bytes')::integer as large_payload_bytes,
            case when u.position::smallint = any (h.stepped) then coalesce(u.extra -> 'flow', '{}') end as flow
        from held h
        cross join lateral unnest(h.ids, h.task_keys, h.priorities, h.attempts, h.run_ats, h.created_ats, h.payloads, h.extras)
            with ordinality u (id, task_key, priority, attempt, run_at, created_at, payload, extra, position)
        where u.position::smallint <> all (h.done)
    ),
    settled as materialized (
        select g.lease_id, g.position, i.queue, i.claimed_at, i.id, i.task_key, i.priority, i.attempt, i.created_at,
            i.payload, i.max_attempts, i.dedupe_key, i.trace_parent, i.large_payload_bytes, g.result,
            coalesce(t.lane, i.task_key) as lane, t.keep_completed, t.keep_failed,
            case
                when i.id is null or g.repetition > 1 then 'rejected'
                when g.outcome = 'completed' then 'completed'
                when i.cancel_reason is not null or g.outcome = 'cancelled' then 'cancelled'
                when g.outcome = 'dead' then 'failed'
                when g.outcome = 'suspended' then 'suspended'
                when g.outcome = 'failed' and i.attempt >= coalesce(i.max_attempts, t.max_attempts, 5) then 'failed'
                when g.delay > c_longest then 'failed'
                when g.outcome = 'released' then 'released'
                when g.outcome = 'failed' then 'retried'
            end as effect,
            case
                when i.cancel_reason is not null then i.cancel_reason
                when g.outcome in ('failed', 'released') and g.delay > c_longest
                    and (g.outcome = 'released' or i.attempt < coalesce(i.max_attempts, t.max_attempts, 5))
                then concat_ws(': ', format('a delay of %s seconds is not possible (at most %s)', g.delay, c_longest), g.error ->> 'message')
                else coalesce(g.error ->> 'message', 'no reason was given')
            end as reason,
            case when g.outcome in ('failed', 'dead')
                then pgconductor._append_error(i.errors, g.error, i.attempt, p_now) else i.errors
            end as errors,
            case when g.outcome = 'suspended' then coalesce(i.flow, '{}') || g.result else i.flow - 'waiting' end as flow,
            case when g.outcome = 'suspended' and g.delay is null then 'infinity' else p_now + make_interval(secs => case
                when g.delay is not null then least(greatest(g.delay, 0), c_longest)
                when g.outcome = 'released' then 0
                else coalesce(t.backoff_seconds[least(i.attempt, cardinality(t.backoff_seconds))]
                    * (1 + t.backoff_jitter * (2 * random() - 1)), 15)
            end) end as run_at
        from given g
        left join item i on i.lease_id = g.lease_id and i.position = g.position
        left join pgconductor.tasks t on t.key = i.task_key
    ),
    put_back as (
        insert into pgconductor.executions (id, run_at, created_at, large_payload_bytes, priority, attempts, max_attempts,
            queue, lane, task_key, dedupe_key, trace_parent, payload, errors, flow)
        select s.id, s.run_at, s.created_at, s.large_payload_bytes, s.priority,
            case when s.effect in ('released', 'suspended') then s.attempt - 1 else s.attempt end,
            s.max_attempts, s.queue, s.lane, s.task_key, s.dedupe_key, s.trace_parent, s.payload, s.errors, s.flow
        from settled s
        where s.effect in ('retried', 'released', 'suspended')
        -- An id that somebody enqueued once more while it ran is waiting already; it must not fail the others here.
        on conflict do nothing
    ),
    completed as (
        insert into pgconductor.completed_executions (id, expires_at, created_at, started_at, finished_at,
            large_payload_bytes, priority, attempts, queue, task_key, dedupe_key, payload, result, errors, flow)
        select s.id, coalesce(p_now + s.keep_completed, 'infinity'), s.created_at, s.claimed_at, p_now,
            s.large_payload_bytes, s.priority, s.attempt, s.queue, s.task_key, s.dedupe_key, s.payload, s.result, s.errors, s.flow
        from settled s
        where s.effect = 'completed' and s.keep_completed is distinct from interval '0'
    ),
    failed as (
        insert into pgconductor.failed_executions (id, expires_at, created_at, started_at, finished_at,
            large_payload_bytes, priority, attempts, max_attempts, cancelled, queue, task_key, dedupe_key, trace_parent,
            reason, payload, errors, flow)
        select s.id, coalesce(p_now + s.keep_failed, 'infinity'), s.created_at, s.claimed_at, p_now, s.large_payload_bytes,
            s.priority, s.attempt, s.max_attempts, s.effect = 'cancelled', s.queue, s.task_key, s.dedupe_key, s.trace_parent,
            s.reason, s.payload, s.errors, s.flow
        from settled s
        where s.effect in ('failed', 'cancelled') and s.keep_failed is distinct from interval '0'
    ),
    unlocked as (
        delete from pgconductor.dedupe_keys k
        using settled s
        where s.dedupe_key is not null and s.effect in ('completed', 'failed', 'cancelled')
            and k.task_key = s.task_key and k.key = s.dedupe_key and k.execution_id = s.id
    ),
    forgotten as (
        delete from pgconductor.payloads p
        using settled s
        where s.large_payload_bytes is not null and p.execution_id = s.id
            and ((s.effect = 'completed' and s.keep_completed = interval '0')
                or (s.effect in ('failed', 'cancelled') and s.keep_failed = interval '0'))
    ),
    progress as (
        select s.lease_id, array_agg(s.position::smallint) as positions
        from settled s
        where s.effect <> 'rejected'
        group by s.lease_id
    ),
    finished as (
        delete from pgconductor.leases l
        using progress p
        where l.id = p.lease_id and cardinality(l.done) + cardinality(p.positions) = l.size
    ),
    advanced as (
        update pgconductor.leases l set done = l.done || p.positions
        from progress p
        where l.id = p.lease_id and cardinality(l.done) + cardinality(p.positions) < l.size
    )
    select s.lease_id, s.position, s.effect from settled s
    union all
    select u.id, 0, 'rejected'
    from unnest(p_whole_leases) u (id)
    where not exists (select from held h where h.id = u.id);

    -- Put back for now, or a slot given back that others wait for: somebody idle may take it.
    if v_limited or 'released' = any (p_outcomes) or 0 = any (p_delays) then
        foreach v_queue in array coalesce(v_queues, '{}') loop
            perform pgconductor._wake(v_queue);
        end loop;
    end if;
end
$$;
