-- Whether a task's execution window is open: start inclusive, end exclusive, in the task's time zone; a window
-- whose end is before its start spans midnight; no window is always open. Asked for every task with a lane of its own by
-- every claim: PL/pgSQL, because a SQL function with a search_path is several times slower.
create or replace function pgconductor._window_open(p_start time, p_end time, p_time_zone text, p_now timestamptz)
returns boolean
language plpgsql
stable
parallel safe
set search_path = ''
as $$
begin
    return case
        when p_start is null then true
        when p_start < p_end then (p_now at time zone p_time_zone)::time >= p_start and (p_now at time zone p_time_zone)::time < p_end
        else (p_now at time zone p_time_zone)::time >= p_start or (p_now at time zone p_time_zone)::time < p_end
    end;
end
$$;
