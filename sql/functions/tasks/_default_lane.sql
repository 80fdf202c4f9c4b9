-- Trigger: a task inserted without a lane gets one of its own; a worker that registers it may share it later. A task that
-- can be held back (a window, a pause), whoever said so, never stays in the plain lane.
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
