-- Deletes locked rows of executions by where they are stored, and returns them as a lease holds them: parallel arrays in
-- the order in which they are to run.
--
-- Planner: see _delete_rows.
create or replace function pgconductor._take_rows(
    p_queue         text,
    p_rows          tid[],
    out size        integer,
    out simple      boolean,
    out large       boolean,
    out flows       boolean,
    out ids         uuid[],
    out task_keys   text[],
    out priorities  smallint[],
    out attempts    smallint[],
    out run_ats     timestamptz[],
    out created_ats timestamptz[],
    out payloads    jsonb[],
    out extras      jsonb[])
language plpgsql
set search_path = ''
set enable_indexscan = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    with gone as (
        delete from pgconductor.executions e
        where e.queue = p_queue and e.ctid = any (p_rows)
        returning e.*
    )
    select count(*), count(g.dedupe_key) = 0 and count(g.large_payload_bytes) = 0 and count(g.flow) = 0,
        count(g.large_payload_bytes) > 0, count(g.flow) > 0,
        array_agg(g.id), array_agg(g.task_key), array_agg(g.priority), array_agg((g.attempts + 1)::smallint),
        array_agg(g.run_at), array_agg(g.created_at), array_agg(g.payload), array_agg(g.extra)
    into size, simple, large, flows, ids, task_keys, priorities, attempts, run_ats, created_ats, payloads, extras
    from (
        select g.*,
            case when g.max_attempts is not null or g.dedupe_key is not null or g.trace_parent is not null
                or g.errors is not null or g.large_payload_bytes is not null or g.flow is not null
            then jsonb_strip_nulls(jsonb_build_object(
                'max_attempts', g.max_attempts,
                'dedupe_key', g.dedupe_key,
                'trace_parent', g.trace_parent,
                'errors', g.errors,
                'large_payload_bytes', g.large_payload_bytes,
                'flow', g.flow))
            end as extra
        from gone g
        order by g.priority desc, g.run_at
    ) g;

    if array_position(extras, null) = 1 and extras = array_fill(null::jsonb, array[size]) then
        extras := null;
    end if;
end
$$;
