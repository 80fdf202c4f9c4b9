-- How many microseconds after Monday 00:00 the clocks of a time zone stand at an instant.
create or replace function pgconductor._week_position(p_at timestamptz, p_time_zone text)
returns bigint
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
    c_week constant bigint := 604800000000;
begin
    -- 2001 began on a Monday.
    return ((extract(epoch from (p_at at time zone p_time_zone) - timestamp '2001-01-01') * 1000000)::bigint % c_week + c_week) % c_week;
end
$$;
