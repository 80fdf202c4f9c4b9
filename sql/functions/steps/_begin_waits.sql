-- Records what an execution that suspends waits for, and enqueues the children among it. p_waits is an array of objects:
--   name, ordinal, kind (sleep, child, all, event, ..), started_at, group (the name of the wait of kind all it belongs to),
--   pending (of kind all: how many belong to it), key and detail (of what is shared, such as an event),
--   deadline (a time) or seconds (from now); neither: no limit
--   child: {id, task, payload, queue, priority, max_attempts, delay (seconds), trace_parent, detached}
-- PC002: a child's queue is unknown; PC004: something that cannot be.
create or replace function pgconductor._begin_waits(p_execution_id uuid, p_queue text, p_waits jsonb, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_child record;
    v_large bigint;
begin
    insert into pgconductor.steps (execution_id, started_at, finished_at, deadline, child_id, ordinal, pending, detached, kind, name, group_name, key, detail)
    select p_execution_id, coalesce((w ->> 'started_at')::timestamptz, p_now), null,
        coalesce((w ->> 'deadline')::timestamptz, p_now + make_interval(secs => case when w ? 'seconds' then least((w ->> 'seconds')::double precision, 3155760000) end)),
        (w #>> '{child,id}')::uuid, coalesce((w ->> 'ordinal')::integer, 0), (w ->> 'pending')::integer,
        coalesce((w #>> '{child,detached}')::boolean, false), w ->> 'kind', w ->> 'name', w ->> 'group', w ->> 'key', w -> 'detail'
    from jsonb_array_elements(p_waits) w
    on conflict do nothing;

    for v_child in
        select w -> 'child' as c, w ->> 'name' as name
        from jsonb_array_elements(p_waits) with ordinality x (w, ordinal)
        where w ? 'child'
        order by x.ordinal
    loop
        perform pgconductor._start_child(p_execution_id, p_queue, v_child.name, v_child.c, p_now);
    end loop;
end
$$;
