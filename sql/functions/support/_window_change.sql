-- When a task's windows open next, if they are closed at p_from, or close, if they are open. Null: never. p_week is
-- tasks.week_open.
--
-- Exact across the changes of the zone's clocks: a window that a skipped hour begins in opens with the skip, one that lies in it
-- whole does not open that day, and one of an hour that comes twice opens twice.
create or replace function pgconductor._window_change(p_week int8multirange, p_time_zone text, p_from timestamptz)
returns timestamptz
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
    c_week     constant bigint := 604800000000;
    v_at       timestamptz := p_from;
    v_offset   interval;
    v_position bigint;
    v_target   int8multirange;
    v_distance bigint;
    v_before   bigint;
    v_after    bigint;
    v_middle   bigint;
begin
    if p_week is null then
        return null;
    end if;

    v_target := case when pgconductor._window_open(p_week, p_time_zone, p_from)
        then int8multirange(int8range(0, c_week)) - p_week else p_week end;
    if isempty(v_target) then
        return null;
    end if;

    -- Each round passes one change of the clocks; a zone has a few a year, and no window waits for more than one of them.
    for v_round in 1..100 loop
        v_position := pgconductor._week_position(v_at, p_time_zone);
        if v_target @> v_position then
            return v_at;
        end if;

        select min((lower(r) - v_position + c_week) % c_week) into v_distance from unnest(v_target) r;
        v_offset := (v_at at time zone p_time_zone) - (v_at at time zone 'UTC');
        if ((v_at + v_distance * interval '1 microsecond') at time zone p_time_zone)
            - ((v_at + v_distance * interval '1 microsecond') at time zone 'UTC') = v_offset then
            return v_at + v_distance * interval '1 microsecond';
        end if;

        -- The clocks change on the way: look again from there. Changes are at whole seconds.
        v_before := floor(extract(epoch from v_at));
        v_after := ceil(extract(epoch from v_at + v_distance * interval '1 microsecond'));
        while v_after - v_before > 1 loop
            v_middle := (v_before + v_after) / 2;
            if (to_timestamp(v_middle) at time zone p_time_zone) - (to_timestamp(v_middle) at time zone 'UTC') = v_offset then
                v_before := v_middle;
            else
                v_after := v_middle;
            end if;
        end loop;
        v_at := to_timestamp(v_after);
    end loop;
    return null;
end
$$;
