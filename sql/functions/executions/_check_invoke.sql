-- Refuses what an execution cannot be, with an error that names the value and its limits.
create or replace function pgconductor._check_invoke(
    p_priority      integer,
    p_max_attempts  integer,
    p_run_at        timestamptz,
    p_dedupe_key    text,
    p_dedupe_policy text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    if p_priority is null or p_priority not between -100 and 100 then
        perform pgconductor._raise('PC004', format('priority %s is out of range', coalesce(p_priority::text, 'null')),
            'Give -100 to 100; higher runs sooner.');
    end if;
    if p_max_attempts not between 1 and 32767 then
        perform pgconductor._raise('PC004', format('max attempts %s is out of range', p_max_attempts), 'Give 1 to 32767.');
    end if;
    if p_run_at >= timestamptz '10000-01-01 00:00:00+00' or p_run_at < timestamptz '0001-01-01 00:00:00+00' then
        perform pgconductor._raise('PC004', format('run at %s is out of range', p_run_at), 'Give a time in the years 1 to 9999.');
    end if;
    if p_dedupe_key = '' or octet_length(p_dedupe_key) > 1000 then
        perform pgconductor._raise('PC004', format('a dedupe key of %s bytes is not possible', octet_length(p_dedupe_key)),
            'A dedupe key is 1 to 1000 bytes long.');
    end if;
    if p_dedupe_policy is null or p_dedupe_policy not in ('return_existing', 'replace_pending', 'reject') then
        perform pgconductor._raise('PC004', format('there is no dedupe policy "%s"', coalesce(p_dedupe_policy, 'null')),
            'Give return_existing, replace_pending or reject.');
    end if;
end
$$;
