-- Trigger: a task inserted without a lane gets one of its own; a worker that registers it may share it later. A task that
-- can be held back (a window, a pause), whoever said so, never stays in the plain lane.
create or replace function pgconductor._default_lane()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' and new.key > '' and new.key < E'\x03' then
        perform pgconductor._raise('PC004', format('"%s" cannot be a task key', new.key), 'Give one without control characters: they begin the names of lanes.');
    end if;

    new.lane := new.key;
    return new;
end
$$;
