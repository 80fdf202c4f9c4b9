-- Cancels an execution. Returns what happened:
--   'cancelled'  it was not running and never will: it is in failed_executions with the reason; its children are cancelled soon
--   'requested'  it is running: its orchestrator was told; it ends as cancelled with the reason unless it completes first,
--                and is never retried
--   'finished'   it had its outcome already
--   'unknown'    there is none of this id (or its history is gone)
-- Cancelling once more changes nothing: the first reason stays.
-- Planner: steps by their key, whatever the table held when the plan was made; what of it has to be read as a whole (leases) counts as
-- expensive then, which is no reason to compile it.
-- Locks: steps (of one that has some), then executions, then orchestrators, then leases.
create or replace function pgconductor.cancel_execution(p_id uuid, p_reason text default 'cancelled')
returns text
language plpgsql
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    v_now   timestamptz := pgconductor.current_time();
    v_lease record;
    v_gone  integer;
    v_flow  jsonb;
    v_kept  boolean;
begin
    -- A claim or a retry may move it between our two looks: look again, a bounded number of times.
    for v_try in 1..3 loop
        if exists (select from pgconductor.executions e where e.id = p_id and e.flow is not null) then
            perform 1 from pgconductor.steps s
            where s.execution_id = p_id and s.finished_at is null
            order by s.kind = 'all', s.name
            for update;
        end if;

        with gone as (
            delete from pgconductor.executions e where e.id = p_id returning e.*
        ),
        unlocked as (
            delete from pgconductor.dedupe_keys k
            using gone g
            where k.task_key = g.task_key and k.key = g.dedupe_key and k.execution_id = g.id
        ),
        forgotten as (
            delete from pgconductor.payloads p
            using gone g join pgconductor.tasks t on t.key = g.task_key
            where p.execution_id = g.id and t.keep_failed = interval '0'
        ),
        kept as (
            insert into pgconductor.failed_executions (id, expires_at, created_at, finished_at, large_payload_bytes, priority,
                attempts, max_attempts, cancelled, queue, task_key, dedupe_key, trace_parent, reason, payload, errors, flow)
            select g.id, coalesce(v_now + t.keep_failed, 'infinity'), g.created_at, v_now, g.large_payload_bytes, g.priority,
                g.attempts, g.max_attempts, true, g.queue, g.task_key, g.dedupe_key, g.trace_parent,
                coalesce(p_reason, 'cancelled'), g.payload, g.errors, g.flow - 'waiting'
            from gone g left join pgconductor.tasks t on t.key = g.task_key
            where t.keep_failed is distinct from interval '0'
        )
        select count(*)::integer, (array_agg(g.flow))[1], bool_or(t.keep_failed is distinct from interval '0')
        into v_gone, v_flow, v_kept
        from gone g left join pgconductor.tasks t on t.key = g.task_key;

        if v_gone > 0 then
            if v_flow is not null then
                perform pgconductor._end_flows(array[p_id], array[v_flow], '{cancelled}', null,
                    array[jsonb_build_object('type', 'Cancelled', 'message', coalesce(p_reason, 'cancelled'))], array[v_kept], v_now);
            end if;
            return 'cancelled';
        end if;

        -- Its lease: of several that name it, the one where it has no outcome yet (the others are of attempts before).
        select l.id, l.orchestrator_id into v_lease
        from pgconductor.leases l
        where p_id = any (l.ids) and array_position(l.ids, p_id)::smallint <> all (l.done);

        if found then
            -- The owner before the lease, as a takeover does; locked, so that the signal's foreign key finds it.
            perform from pgconductor.orchestrators o where o.id = v_lease.orchestrator_id for key share;

            select l.id, l.orchestrator_id, array_position(l.ids, p_id) as position, l.cancels into v_lease
            from pgconductor.leases l
            where l.id = v_lease.id and array_position(l.ids, p_id)::smallint <> all (l.done)
            for update;

            if found then
                if not coalesce(v_lease.cancels, '{}') ? v_lease.position::text then
                    update pgconductor.leases l
                    set cancels = coalesce(l.cancels, '{}') || jsonb_build_object(v_lease.position::text, coalesce(p_reason, 'cancelled'))
                    where l.id = v_lease.id;

                    insert into pgconductor.signals (orchestrator_id, kind, execution_id, reason, created_at)
                    select o.id, 'cancel', p_id, coalesce(p_reason, 'cancelled'), v_now
                    from pgconductor.orchestrators o where o.id = v_lease.orchestrator_id;
                end if;
                perform pg_notify(pgconductor.orchestrator_channel(v_lease.orchestrator_id), 'signal');
                return 'requested';
            end if;
        end if;

        if exists (select from pgconductor.completed_executions c where c.id = p_id)
            or exists (select from pgconductor.failed_executions f where f.id = p_id) then
            return 'finished';
        end if;
    end loop;

    return 'unknown';
end
$$;
