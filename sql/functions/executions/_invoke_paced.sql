-- The body of invoke for a call that is throttled or debounced; its arguments and answers are invoke's.
--
-- A window (throttle) begins with the first invoke and lasts p_throttle. Leading: that one runs now, the others are dropped.
-- Trailing: it waits for the window's end, and each of the others replaces what it will run with.
-- A burst (debounce) lasts until p_debounce has passed without an invoke, or p_max_wait since its first. Leading: the first runs
-- now, the others are dropped. Trailing: it runs at the burst's end, with what the last one gave.
-- What has started is never replaced: then a new window or burst begins, or, in a trailing window whose execution somebody
-- cancelled, another execution takes its place.
-- Locks: one row of paces, then what invoke locks. An invoke that a leading throttle drops locks and writes nothing.
create or replace function pgconductor._invoke_paced(
    p_task_key     text,
    p_payload      jsonb,
    p_queue        text,
    p_priority     integer,
    p_max_attempts integer,
    p_id           uuid,
    p_trace_parent text,
    p_repeated     boolean,
    p_throttle     interval,
    p_debounce     interval,
    p_pace_key     text,
    p_edge         text,
    p_max_wait     interval,
    out execution_id uuid,
    out disposition  text)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_now    timestamptz := pgconductor.current_time();
    v_kind   text := case when p_throttle is not null then 'throttle' else 'debounce' end;
    v_edge   text := coalesce(p_edge, case when p_throttle is not null then 'leading' else 'trailing' end);
    v_key    text := coalesce(p_pace_key, '');
    v_id     uuid := coalesce(p_id, pgconductor.uuid_v7());
    v_pace   pgconductor.paces;
    v_open   boolean;
    v_closes timestamptz;
    v_run_at timestamptz;
begin
    if not exists (
        select from pgconductor.tasks t join pgconductor.queues q on q.name = coalesce(p_queue, t.queue) where t.key = p_task_key) then
        perform pgconductor._ensure_task(p_task_key, coalesce(p_queue,
            (select t.queue from pgconductor.tasks t where t.key = p_task_key), 'default'));
    end if;

    if p_repeated and pgconductor._is_known(v_id) then
        execution_id := v_id;
        disposition := 'existing';
        return;
    end if;

    -- What another transaction is about to change does not matter: a window that has begun lasts.
    if v_kind = 'throttle' and v_edge = 'leading' then
        select p.execution_id, 'dropped' into execution_id, disposition
        from pgconductor.paces p
        where p.task_key = p_task_key and p.key = v_key and p.kind = v_kind and p.edge = v_edge
            and p.closes_at > v_now and p.execution_id <> v_id;
        if found then
            return;
        end if;
    end if;

    v_pace := pgconductor._take_pace(p_task_key, v_key, v_kind, v_edge, v_now);
    -- It may have waited for another caller's transaction.
    v_now := pgconductor.current_time();
    v_open := v_pace.closes_at > v_now;

    if p_repeated and v_id = any (v_pace.recent) then
        execution_id := v_pace.execution_id;
        disposition := 'existing';
        return;
    end if;

    if v_kind = 'throttle' then
        v_closes := case when v_open then v_pace.closes_at else v_now + p_throttle end;
        v_run_at := case when v_edge = 'trailing' then v_closes end;
    else
        -- A trailing one that is due and has not started is of the same burst still.
        v_open := v_open or v_edge = 'trailing' and v_pace.closes_at > '-infinity';
        v_closes := least(v_now + p_debounce, case when v_open then v_pace.opened_at + p_max_wait end);
        v_run_at := case when v_edge = 'trailing' then v_closes end;
    end if;

    if v_open and v_edge = 'leading' then
        execution_id := v_pace.execution_id;
        disposition := case when v_id = v_pace.execution_id then 'existing' else 'dropped' end;
    elsif v_open and pgconductor._replace_waiting(v_pace.execution_id, v_pace.queue, p_payload, v_run_at, p_priority, p_max_attempts) then
        execution_id := v_pace.execution_id;
        disposition := 'replaced';
    else
        if v_kind = 'debounce' then
            v_open := false;
            v_closes := v_now + p_debounce;
            v_run_at := case when v_edge = 'trailing' then v_closes end;
        end if;
        select i.execution_id, i.disposition into execution_id, disposition
        from pgconductor.invoke(p_task_key, p_payload, p_queue, v_run_at, p_priority, p_max_attempts, p_id => v_id,
            p_trace_parent => p_trace_parent) i;
        v_pace.queue := coalesce(p_queue, (select t.queue from pgconductor.tasks t where t.key = p_task_key));
    end if;

    -- A leading throttle that drops changes nothing.
    if disposition <> 'existing' and not (disposition = 'dropped' and v_kind = 'throttle') then
        update pgconductor.paces p
        set execution_id = _invoke_paced.execution_id, queue = v_pace.queue,
            opened_at = case when v_open then p.opened_at else v_now end,
            closes_at = v_closes, forget_at = pgconductor._forget_pace_at(v_closes),
            recent = (p.recent || v_id)[greatest(cardinality(p.recent) - 30, 1):]
        where p.task_key = p_task_key and p.key = v_key and p.kind = v_kind and p.edge = v_edge;
    end if;
end
$$;
