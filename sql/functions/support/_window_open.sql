-- Whether a task's windows are open (start inclusive, end exclusive, by the clocks of the task's time zone). p_week is
-- tasks.week_open; null is always open. Asked for every task with a lane of its own by every claim: PL/pgSQL, because a SQL
-- function with a search_path is several times slower.
create or replace function pgconductor._window_open(p_week int8multirange, p_time_zone text, p_now timestamptz)
returns boolean
language plpgsql
stable
parallel safe
set search_path = ''
as $$
begin
    return p_week is null or p_week @> pgconductor._week_position(p_now, p_time_zone);
end
$$;
