-- Defaults and triggers that need functions. Applied again whenever this file changes.
alter table pgconductor.executions
    alter column id set default pgconductor.uuid_v7(),
    alter column run_at set default pgconductor.current_time(),
    alter column created_at set default pgconductor.current_time();

create or replace trigger executions_adopt_inserted
    after insert on pgconductor.executions
    for each row when (new.lane = '?')
    execute function pgconductor._adopt_inserted();

create or replace trigger tasks_default_lane
    before insert or update on pgconductor.tasks
    for each row when (new.lane = '?' or new.lane = '' and (new.paused or new.window_start is not null or new.windows is not null))
    execute function pgconductor._default_lane();

-- Before the other by name only: neither looks at what the other writes.
create or replace trigger tasks_compile_windows
    before insert or update on pgconductor.tasks
    for each row when (new.windows is not null or new.window_start is not null or new.window_end is not null or new.week_open is not null)
    execute function pgconductor._compile_windows();

-- Windows from before there was week_open.
update pgconductor.tasks t set window_start = t.window_start where t.window_start is not null and t.week_open is null;
