-- Moves locked rows of executions, found by where they are stored, into the lanes given beside them. Planner: see _delete_rows.
create or replace function pgconductor._move_rows(p_queue text, p_rows tid[], p_lanes text[])
returns void
language plpgsql
set search_path = ''
set enable_indexscan = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
as $$
begin
    update pgconductor.executions e
    set lane = p_lanes[array_position(p_rows, e.ctid)]
    where e.queue = p_queue and e.ctid = any (p_rows);
end
$$;
