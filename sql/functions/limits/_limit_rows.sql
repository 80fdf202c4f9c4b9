-- Reads locked rows of a limited task by where they are stored, with what each has at the task's limit_path (null of a large
-- payload, which is elsewhere). Planner: see _delete_rows.
create or replace function pgconductor._limit_rows(p_queue text, p_rows tid[], p_path text[])
returns table (
    "row"               tid,
    id                  uuid,
    run_at              timestamptz,
    large_payload_bytes integer,
    value               text)
language plpgsql
stable
set search_path = ''
set enable_indexscan = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    return query
        select e.ctid, e.id, e.run_at, e.large_payload_bytes, e.payload #>> p_path
        from pgconductor.executions e
        where e.queue = p_queue and e.ctid = any (p_rows);
end
$$;
