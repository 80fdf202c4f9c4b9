-- The lane of the key's held-back executions, for one more of them; null: nothing of the key is held back in this queue. So a backlog
-- of one key is not moved row by row. The lane's mark is locked (key share) until the transaction ends: it stays
-- as long as somebody may add to the lane. It waits for nobody.
--
-- Planner: by the primary key, in whose order it is asked for; the other index, which begins with the queue, is no way to one key.
create or replace function pgconductor._waiting_lane(p_task_key text, p_path text[], p_queue text, p_payload jsonb)
returns text
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
    v_key  text := pgconductor._limit_key(p_payload #>> p_path);
    v_lane text;
begin
    select h.lane into v_lane
    from pgconductor.held_lanes h
    where h.task_key = p_task_key and h.key between v_key and v_key and h.queue || '' = p_queue
    order by h.task_key, h.key
    for key share skip locked;
    return v_lane;
end
$$;
