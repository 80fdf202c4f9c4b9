-- The name of a lane of a task's own. Those of limited tasks begin with a character of their own: every claim looks into each of them,
-- however little is there, and so they are next to each other in the claim's index, instead of one each on pages that the backlogs
-- of paused and windowed tasks fill. Keys have no control characters, so no two tasks share a lane.
create or replace function pgconductor._own_lane(p_task_key text, p_limited boolean)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
    return case when p_limited then E'\x02' || p_task_key else p_task_key end;
end
$$;
