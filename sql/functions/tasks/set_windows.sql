-- When a task may run, until a process starts whose code says otherwise: all its windows, as tasks.windows describes them (see _week_of); null
-- or empty: always. p_time_zone: theirs; null: as it is. What runs goes on to its next step; idle workers look again at once.
-- Errors: PC004 a window or a zone that cannot be; PC007 no such task. Locks: the task's row.
create or replace function pgconductor.set_windows(
    p_task_key  text,
    p_windows   text[],
    p_time_zone text default null)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_queue text;
begin
    update pgconductor.tasks t
    set windows = nullif(p_windows, '{}'), window_start = null, window_end = null, time_zone = coalesce(p_time_zone, t.time_zone),
        updated_at = pgconductor.current_time()
    where t.key = p_task_key
    returning t.queue into v_queue;
    if not found then
        perform pgconductor._raise('PC007', format('there is no task "%s"', p_task_key), 'List them with list_tasks.');
    end if;
    perform pgconductor._wake(v_queue);
exception
    when check_violation or data_exception then
        perform pgconductor._raise('PC004', format('the windows of task "%s" are not possible: %s', p_task_key, sqlerrm),
            'Give windows such as "mon-fri 22:00-06:00", and a zone that pg_timezone_names has.');
end
$$;
