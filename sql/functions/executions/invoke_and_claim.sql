-- Enqueues one execution, as invoke does, and claims it for an orchestrator in the same statement, if that could claim it
-- now: a process whose worker has a free slot starts what it enqueues itself without being told of it first.
--
-- Claimed at once is an execution of a task that is held back by nothing (no pause, window, limit, or batch to wait for), on the
-- queue p_worker_queue, which is not paused and for which the orchestrator registered the task. It never becomes a row of executions, and
-- nobody is woken. Everything else is enqueued, and announced, by invoke. It does not look at what else is due: call it while the
-- last claim of the queue found nothing.
-- p_id: a UUIDv7 made by the caller for this call, else one is made. p_repeated: this call was made before and its reply was lost.
-- Nothing is claimed then: the answer is 'existing' if the first one was stored, after waiting for it if it is still being committed.
-- Returns the execution's id and 'created' or 'existing', and what a claim returns of it: lease_id (null: only enqueued), when it
-- was claimed and created, and its payload. It is position 1 of 1, and in its first attempt.
-- Locks: an advisory lock of p_id until the end of the transaction; the new row of leases, or what invoke locks. As with claim_executions, an orchestrator that is being taken over
-- meanwhile leaves a lease without an owner, which recover_stale_orchestrators puts back.
create or replace function pgconductor.invoke_and_claim(
    p_orchestrator_id uuid,
    p_worker_queue    text,
    p_task_key        text,
    p_payload         jsonb default '{}',
    p_queue           text default null,
    p_priority        integer default 0,
    p_max_attempts    integer default null,
    p_id              uuid default null,
    p_trace_parent    text default null,
    p_repeated        boolean default false,
    out execution_id  uuid,
    out disposition   text,
    out lease_id      bigint,
    out claimed_at    timestamptz,
    out payload       jsonb)
language plpgsql
set search_path = ''
as $$
declare
    v_now    timestamptz := pgconductor.current_time();
    v_extra  jsonb;
    v_locked text;
begin
    execution_id := coalesce(p_id, pgconductor.uuid_v7());
    -- Nothing else makes a repetition wait for a first call that it cannot see yet: ids are unique in executions, not in leases.
    v_locked := pg_advisory_xact_lock(1885823588, uuid_hash(execution_id));
    if (p_priority = 0 and p_max_attempts is null) is not true then
        perform pgconductor._check_invoke(p_priority, p_max_attempts, null, null, 'return_existing');
    end if;
    if p_max_attempts is not null or p_trace_parent is not null then
        v_extra := jsonb_strip_nulls(jsonb_build_object('max_attempts', p_max_attempts, 'trace_parent', p_trace_parent));
    end if;

    -- A large payload is kept beside its execution: that is invoke's to do.
    if not p_repeated and pg_column_size(p_payload) <= 8192 and pg_column_compression(p_payload) is null then
        insert into pgconductor.leases (orchestrator_id, claimed_at, size, plain, queue,
            ids, task_keys, priorities, attempts, run_ats, created_ats, payloads, extras)
        select w.orchestrator_id, v_now, 1, t.keep_completed is not distinct from interval '0', q.name,
            array[execution_id], array[t.key], array[p_priority::smallint], array[1::smallint], array[v_now], array[v_now],
            array[p_payload], case when v_extra is not null then array[v_extra] end
        from pgconductor.tasks t
        join pgconductor.queues q on q.name = coalesce(p_queue, t.queue)
        join pgconductor.workers w on w.orchestrator_id = p_orchestrator_id and w.queue = q.name
        where t.key = p_task_key and t.key = any (w.task_keys) and q.name = p_worker_queue and not q.paused
            and not t.paused and not t.holds and t.week_open is null and t.batch_size is null
        returning id into lease_id;

        if found then
            disposition := 'created';
            claimed_at := v_now;
            payload := p_payload;
            return;
        end if;
    end if;

    select i.disposition into disposition
    from pgconductor.invoke(p_task_key, p_payload, p_queue, null, p_priority, p_max_attempts, p_id => execution_id,
        p_trace_parent => p_trace_parent, p_repeated => p_repeated) i;
end
$$;
