-- Refuses what a schedule cannot be, with an error that names the value and its limits. Of the expression only the outline.
create or replace function pgconductor._check_schedule(
    p_key       text,
    p_cron      text,
    p_time_zone text,
    p_priority  integer,
    p_missed    text,
    p_tolerance interval,
    p_catch_up  integer)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
    if p_key is null or p_key = '' or octet_length(p_key) > 200 or p_key ~ '[[:cntrl:]]' then
        perform pgconductor._raise('PC004', format('"%s" cannot be a schedule''s key', left(coalesce(p_key, 'null'), 250)),
            'A key is 1 to 200 bytes long, without control characters.');
    end if;
    if p_cron is null or char_length(p_cron) > 500 or p_cron !~ '^\s*(@[A-Za-z]+|\S+(\s+\S+){4,5})\s*$' then
        perform pgconductor._raise('PC004', format('"%s" is not a cron expression', left(coalesce(p_cron, 'null'), 550)),
            'Give five fields, such as "30 2 * * MON-FRI", six with the second first, or one of @hourly, @daily, @weekly, @monthly, @yearly.');
    end if;
    if p_priority is null or p_priority not between -100 and 100 then
        perform pgconductor._raise('PC004', format('priority %s is out of range', coalesce(p_priority::text, 'null')),
            'Give -100 to 100; higher runs sooner.');
    end if;
    if p_missed is null or p_missed not in ('skip', 'once', 'all') then
        perform pgconductor._raise('PC004', format('there is no policy for missed runs "%s"', coalesce(p_missed, 'null')),
            'Give skip, once or all.');
    end if;
    if p_tolerance is null or p_tolerance not between interval '0' and interval '1 year' then
        perform pgconductor._raise('PC004', format('a tolerance of %s is not possible', coalesce(p_tolerance::text, 'null')),
            'Give 0 to 1 year.');
    end if;
    if p_catch_up is null or p_catch_up not between 1 and 1000 then
        perform pgconductor._raise('PC004', format('to catch up %s runs is not possible', coalesce(p_catch_up::text, 'null')),
            'Give 1 to 1000.');
    end if;

    begin
        if p_time_zone is null or p_time_zone = '' or timezone(p_time_zone, timestamptz 'epoch') is null then
            raise invalid_parameter_value;
        end if;
    exception
        when invalid_parameter_value then
            perform pgconductor._raise('PC004', format('the server knows no time zone "%s"', left(coalesce(p_time_zone, 'null'), 250)),
                'Give an IANA name such as "Europe/Berlin", or "UTC".');
    end;
end
$$;
