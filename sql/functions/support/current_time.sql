-- Now, or the setting pgconductor.fake_now while a test moves the clock. Every function takes the time from here,
-- once, so that a statement sees one instant and an index can be asked with it.
create or replace function pgconductor.current_time()
returns timestamptz
language sql
stable
parallel safe
set search_path = ''
as $$
    select coalesce(nullif(current_setting('pgconductor.fake_now', true), '')::timestamptz, clock_timestamp())
$$;
