-- Enqueues one run of a schedule now, beside its ticks, also while it is paused. The execution's id. PC007: there is none.
-- Of a schedule without overlap, while a run of it waits or runs: that run's id, and nothing is enqueued.
-- p_id, p_repeated: as invoke has them.
create or replace function pgconductor.run_schedule(p_key text, p_id uuid default null, p_repeated boolean default false)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
    v_schedule pgconductor.schedules;
begin
    select * into v_schedule from pgconductor.schedules s where s.key = p_key;
    if not found then
        perform pgconductor._raise('PC007', format('there is no schedule "%s"', p_key), 'List them with list_schedules.');
    end if;

    return (select i.execution_id
        from pgconductor.invoke(v_schedule.task_key, v_schedule.payload, v_schedule.queue, p_priority => v_schedule.priority,
            p_dedupe_key => case when not v_schedule.overlap then pgconductor._run_key(p_key) end,
            p_id => p_id, p_repeated => p_repeated) i);
end
$$;
