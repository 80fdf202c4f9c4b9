-- Reads locked rows of executions by where they are stored. Planner: see _delete_rows.
create or replace function pgconductor._rows_at(p_queue text, p_rows tid[])
returns table (
    "row"               tid,
    id                  uuid,
    run_at              timestamptz,
    task_key            text,
    attempts            smallint,
    max_attempts        smallint,
    large_payload_bytes integer)
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
        select e.ctid, e.id, e.run_at, e.task_key, e.attempts, e.max_attempts, e.large_payload_bytes
        from pgconductor.executions e
        where e.queue = p_queue and e.ctid = any (p_rows);
end
$$;
