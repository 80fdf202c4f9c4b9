-- Claims up to p_batch_size due executions of one task, on the task's queue (or p_queue): the claim for workers written in plain
-- SQL or another language, and for batches. steps: see claim_executions. Needs no register_worker; an orchestrator that never registers is taken over 30 s after
-- its claim. The first call for a task that shares a lane with others gives it a lane of its own. What is in the shared
-- lane already is looked for there until a registered worker does: it runs those rows, or moves them to the task's own lane.
create or replace function pgconductor.get_executions(
    p_task_key        text,
    p_orchestrator_id uuid,
    p_batch_size      integer,
    p_queue           text default null)
returns table (
    lease_id     bigint,
    "position"   integer,
    id           uuid,
    task_key     text,
    attempt      integer,
    max_attempts integer,
    run_at       timestamptz,
    created_at   timestamptz,
    trace_parent text,
    payload      jsonb,
    steps        jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_task  pgconductor.tasks;
    v_queue text;
    v_now   timestamptz := pgconductor.current_time();
    v_work  record;
    v_lanes text[] := array[pgconductor._own_lane(p_task_key, false), pgconductor._own_lane(p_task_key, true)];
begin
    select * into v_task from pgconductor.tasks t where t.key = p_task_key;
    if not found then
        perform pgconductor._raise('PC007', format('there is no task "%s"', p_task_key),
            'Insert it into pgconductor.tasks, or start a worker that registers it.');
    end if;

    v_queue := coalesce(p_queue, v_task.queue);
    if v_task.paused
        or (select q.paused from pgconductor.queues q where q.name = v_queue)
        or not pgconductor._window_open(v_task.week_open, v_task.time_zone, v_now) then
        return;
    end if;

    -- Also where it waited before its lane changed: nobody else may be there to look. While nobody is registered, in the plain lane too.
    if v_task.lane = '' or not exists (select from pgconductor.workers w where w.queue = v_queue) then
        v_lanes := v_lanes || ''::text;
    end if;

    if v_task.holds then
        -- What it finds in the other lanes moves into the task's, for the next call, and so does not pass by the limits.
        return query
            select c.lease_id, c.position, c.id, c.task_key, c.attempt, c.max_attempts, c.run_at, c.created_at, c.trace_parent, c.payload, c.steps
            from pgconductor._claim_limited(p_orchestrator_id, v_queue, array_remove(v_lanes, v_task.lane), '{}', array[p_task_key], p_batch_size, 4194304, null,
                p_batch_size, v_now) c
            where c.lease_id is not null;
        return;
    end if;

    if v_task.lane = '' then
        update pgconductor.tasks t set lane = t.key where t.key = p_task_key;
    end if;

    v_work := pgconductor._find_due(v_queue, v_lanes, array[p_task_key], p_batch_size, 4194304, null, v_now);
    return query
        select c.lease_id, c.position, c.id, c.task_key, c.attempt, c.max_attempts, c.run_at, c.created_at, c.trace_parent, c.payload, c.steps
        from pgconductor._lease_rows(p_orchestrator_id, v_queue, v_work.due, v_now, null) c;
end
$$;
