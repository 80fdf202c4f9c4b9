-- Deletes locked rows of executions by where they are stored, and returns them.
--
-- Planner: by tid and nothing else. The plan is kept for the session; one made while the table is nearly empty would
-- rather walk the queue's whole index, and go on doing so when a million rows are in it.
create or replace function pgconductor._delete_rows(p_queue text, p_rows tid[])
returns setof pgconductor.executions
language plpgsql
set search_path = ''
set enable_indexscan = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
as $$
begin
    return query
        delete from pgconductor.executions e
        where e.queue = p_queue and e.ctid = any (p_rows)
        returning e.*;
end
$$;
