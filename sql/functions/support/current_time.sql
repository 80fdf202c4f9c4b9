-- Now, or the setting pgconductor.fake_now while a test moves the clock. Every function takes the time from here,
-- once, so that a statement sees one instant and an index can be asked with it. In PL/pgSQL because that is parsed once a
-- session, not once a call.
create or replace function pgconductor.current_time()
returns timestamptz
language plpgsql
stable
parallel safe
set search_path = ''
as $$
begin
    return coalesce(nullif(current_setting('pgconductor.fake_now', true), '')::timestamptz, clock_timestamp());
end
$$;
