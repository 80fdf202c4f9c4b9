-- Enqueues one execution, in the caller's transaction.
--
-- p_queue null: the task's. p_run_at null: now. p_priority: -100 to 100, higher runs sooner.
-- p_id: a UUIDv7 made by the caller. p_repeated: this call may have been made before and its reply lost; while the
-- execution waits, runs or is kept in the history, the repetition answers 'existing' and changes nothing.
-- p_dedupe_key: at most one waiting or running execution of the task has it; it is free again after the outcome.
-- p_dedupe_policy, when it is taken:
--   'return_existing'   the waiting or running one is returned, unchanged
--   'replace_pending'   the waiting one takes payload, time and priority of this call; if it is running already,
--                       a new one is enqueued behind it and takes the key over
--   'reject'            error PC003
-- p_throttle: at most one execution of the task, or of its p_pace_key, in a window of this length, which begins with the first
-- invoke. p_debounce: one execution for a burst of invokes, which lasts until this long has passed without one, or p_max_wait since
-- its first. p_edge: which of them runs. 'leading' (a throttle's default): the first, now; the others are dropped.
-- 'trailing' (a debounce's default): the last, at the end; each replaces what the one before gave. Either decides the time
-- and the number by itself: no p_run_at and no p_dedupe_key beside it. See _invoke_paced.
-- Returns the execution's id and 'created', 'existing', 'replaced', or 'dropped': the id is that of the one that runs instead.
create or replace function pgconductor.invoke(
    p_task_key      text,
    p_payload       jsonb default '{}',
    p_queue         text default null,
    p_run_at        timestamptz default null,
    p_priority      integer default 0,
    p_max_attempts  integer default null,
    p_dedupe_key    text default null,
    p_dedupe_policy text default 'return_existing',
    p_id            uuid default null,
    p_trace_parent  text default null,
    p_repeated      boolean default false,
    p_throttle      interval default null,
    p_debounce      interval default null,
    p_pace_key      text default null,
    p_edge          text default null,
    p_max_wait      interval default null,
    out execution_id uuid,
    out disposition  text)
language plpgsql
set search_path = ''
as $$
declare
    v_now   timestamptz := pgconductor.current_time();
    v_queue text;
    v_lane  text;
    v_large integer;
    v_woken text;
begin
    if p_throttle is not null or p_debounce is not null or p_pace_key is not null or p_edge is not null or p_max_wait is not null then
        perform pgconductor._check_pace(p_throttle, p_debounce, p_pace_key, p_edge, p_max_wait, p_run_at is null and p_dedupe_key is null);
        perform pgconductor._check_invoke(p_priority, p_max_attempts, null, null, p_dedupe_policy);
        select i.execution_id, i.disposition into execution_id, disposition
        from pgconductor._invoke_paced(p_task_key, p_payload, p_queue, p_priority, p_max_attempts, p_id, p_trace_parent, p_repeated,
            p_throttle, p_debounce, p_pace_key, p_edge, p_max_wait) i;
        return;
    end if;

    -- A payload that comes out of a table may be compressed: what counts is what a claim would carry.
    v_large := case when pg_column_compression(p_payload) is null then pg_column_size(p_payload) else octet_length(p_payload::text) end;
    if v_large <= 8192 then
        v_large := null;
    end if;

    select q.name, t.lane into v_queue, v_lane
    from pgconductor.tasks t join pgconductor.queues q on q.name = coalesce(p_queue, t.queue)
    where t.key = p_task_key;

    if not found then
        perform pgconductor._ensure_task(p_task_key, coalesce(p_queue,
            (select t.queue from pgconductor.tasks t where t.key = p_task_key), 'default'));
        select coalesce(p_queue, t.queue), t.lane into v_queue, v_lane from pgconductor.tasks t where t.key = p_task_key;
    end if;

    -- Most calls leave these as they are, and an execution that somebody idle waits for pays for every call.
    if (p_priority = 0 and p_max_attempts is null and p_run_at is null and p_dedupe_key is null
        and p_dedupe_policy = 'return_existing') is not true then
        perform pgconductor._check_invoke(p_priority, p_max_attempts, p_run_at, p_dedupe_key, p_dedupe_policy);
    end if;

    execution_id := coalesce(p_id, pgconductor.uuid_v7());
    disposition := 'created';

    if p_repeated and pgconductor._is_known(execution_id) then
        disposition := 'existing';
    elsif p_dedupe_key is not null then
        select d.execution_id, d.disposition into execution_id, disposition
        from pgconductor._take_dedupe_key(p_task_key, p_dedupe_key, p_dedupe_policy, execution_id, v_queue,
            p_payload, v_large, greatest(p_run_at, v_now), p_priority, p_max_attempts) d;
    end if;

    if disposition = 'created' then
        insert into pgconductor.executions (id, run_at, created_at, large_payload_bytes, priority, max_attempts,
            queue, lane, task_key, dedupe_key, trace_parent, payload)
        values (execution_id, greatest(p_run_at, v_now), v_now, v_large, p_priority, p_max_attempts,
            v_queue, v_lane, p_task_key, p_dedupe_key, p_trace_parent, case when v_large is null then p_payload end)
        on conflict do nothing;

        if not found then
            disposition := 'existing';
        elsif v_large is not null then
            insert into pgconductor.payloads (execution_id, payload) values (execution_id, p_payload);
        end if;
    end if;

    if disposition <> 'existing' and (p_run_at is null or p_run_at <= v_now) then
        -- An assignment, not PERFORM: that would start the executor for it.
        v_woken := pgconductor._wake(v_queue);
    end if;
end
$$;
