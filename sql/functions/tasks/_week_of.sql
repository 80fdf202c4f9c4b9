-- The microseconds of a week, from Monday 00:00, in which one of a task's windows is open: tasks.week_open. Null: the task has
-- none. A window is "[days ]start-end": times as HH:MM or HH:MM:SS, the end up to 24:00; days as mon, tue, wed, thu, fri, sat,
-- sun, single (mon,wed), in ranges (mon-fri, sat-sun) or both, of the day on which the window starts; without days, every day. An
-- end that is not after the start is that of the next day. p_start and p_end are one more window, of every day.
-- Errors: PC004, with the task and the window, and what is wrong with it.
create or replace function pgconductor._week_of(p_task_key text, p_windows text[], p_start time, p_end time)
returns int8multirange
language plpgsql
immutable
set search_path = ''
as $$
declare
    c_day    constant bigint := 86400000000;
    c_days   constant text[] := '{mon,tue,wed,thu,fri,sat,sun}';
    v_open   int8multirange := '{}';
    v_window text;
    v_match  text[];
    v_parts  text[];
    v_item   text;
    v_days   integer[];
    v_day    integer;
    v_last   integer;
    v_start  bigint;
    v_end    bigint;
    v_fault  text;
begin
    if coalesce(cardinality(p_windows), 0) = 0 and p_start is null then
        return null;
    end if;

    if cardinality(p_windows) > 100 or array_ndims(p_windows) > 1 then
        perform pgconductor._raise('PC004', format('task "%s": %s windows are not possible', p_task_key, cardinality(p_windows)),
            'Give a list of at most 100.');
    end if;

    foreach v_window in array coalesce(p_windows, '{}') || case when p_start is null then '{}'::text[] else array[null] end loop
        v_days := '{0,1,2,3,4,5,6}';
        v_fault := null;
        if v_window is null and p_start is not null then
            v_start := extract(epoch from p_start) * 1000000;
            v_end := extract(epoch from p_end) * 1000000;
        else
            v_match := regexp_match(lower(v_window), '^\s*(?:([a-z][a-z, -]*?)\s+)?(\d{1,2}):(\d\d)(?::(\d\d))?\s*-\s*(\d{1,2}):(\d\d)(?::(\d\d))?\s*$');
            if v_match is null then
                v_fault := 'it is not "[days ]HH:MM-HH:MM"';
            else
                if v_match[1] is not null then
                    v_days := '{}';
                    foreach v_item in array string_to_array(replace(v_match[1], ' ', ''), ',') loop
                        v_parts := string_to_array(v_item, '-');
                        v_day := array_position(c_days, v_parts[1]);
                        v_last := array_position(c_days, v_parts[cardinality(v_parts)]);
                        if v_day is null or v_last is null or cardinality(v_parts) > 2 then
                            v_fault := format('"%s" is no day: mon, tue, wed, thu, fri, sat, sun, or a range of two of them', v_item);
                            exit;
                        end if;
                        for v_step in 0..(v_last - v_day + 7) % 7 loop
                            v_days := v_days || (v_day - 1 + v_step) % 7;
                        end loop;
                    end loop;
                end if;
                v_start := v_match[2]::bigint * 3600 + v_match[3]::bigint * 60 + coalesce(v_match[4], '0')::bigint;
                v_end := v_match[5]::bigint * 3600 + v_match[6]::bigint * 60 + coalesce(v_match[7], '0')::bigint;
                v_fault := coalesce(v_fault, case
                    when v_match[3] > '59' or v_match[6] > '59' or v_match[4] > '59' or v_match[7] > '59' or v_start >= 86400 or v_end > 86400
                        then 'its times must be 00:00 to 23:59:59, the end up to 24:00'
                    when v_start = v_end then 'it ends where it starts; the whole day is 00:00-24:00'
                end);
                v_start := v_start * 1000000;
                v_end := v_end * 1000000;
            end if;
        end if;

        if v_fault is not null then
            perform pgconductor._raise('PC004', format('task "%s": "%s" is not a window: %s', p_task_key, v_window, v_fault),
                'Give such as "09:00-17:00", "mon-fri 22:00-06:00" or "sat,sun 00:00-24:00".');
        end if;

        if v_end <= v_start then
            v_end := v_end + c_day;
        end if;
        foreach v_day in array v_days loop
            -- What goes over Sunday's midnight goes on at the week's beginning.
            v_open := v_open + int8multirange(int8range(v_day * c_day + v_start, least(v_day * c_day + v_end, 7 * c_day)))
                + int8multirange(int8range(0, greatest(v_day * c_day + v_end - 7 * c_day, 0)));
        end loop;
    end loop;
    return v_open;
end
$$;
