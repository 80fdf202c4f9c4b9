-- The dedupe key that the runs of a schedule without overlap share.
create or replace function pgconductor._run_key(p_schedule text)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
    select 'schedule ' || p_schedule
$$;
