-- Trigger: computes tasks.week_open from the task's windows, whoever wrote them. PC004: a window that cannot be read.
create or replace function pgconductor._compile_windows()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
    -- Half a window is left to the table's own check, which refuses it.
    if (new.window_start is null) = (new.window_end is null) then
        new.windows := nullif(new.windows, '{}');
        new.week_open := pgconductor._week_of(new.key, new.windows, new.window_start, new.window_end);
    end if;
    return new;
end
$$;
