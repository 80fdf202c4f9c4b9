-- Trigger: a task inserted without a lane gets one of its own; a worker that registers it may share it later.
create or replace function pgconductor._default_lane()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.lane := new.key;
    return new;
end
$$;
