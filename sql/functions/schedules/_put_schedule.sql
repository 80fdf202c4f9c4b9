-- Makes a schedule or changes it, for a service (null: dynamic). 'created', 'changed' or 'unchanged'.
--
-- What changes nothing writes nothing, so a restart leaves missed runs to be made up for. A new expression or zone begins
-- now: ticks that it would have had before are not missed. A pause stays.
-- Errors: PC002 no such queue; PC004 a value that cannot be; PC009 the schedule is another's. That the expression can be
-- read is checked by the process that looks at it: a fault is kept in the row.
create or replace function pgconductor._put_schedule(
    p_key       text,
    p_service   text,
    p_task_key  text,
    p_cron      text,
    p_payload   jsonb,
    p_time_zone text,
    p_queue     text,
    p_priority  integer,
    p_missed    text,
    p_tolerance interval,
    p_catch_up  integer,
    p_overlap   boolean)
returns text
language plpgsql
set search_path = ''
as $$
declare
    v_now   timestamptz := pgconductor.current_time();
    v_old   record;
    v_moved boolean;
begin
    perform pgconductor._check_schedule(p_key, p_cron, p_time_zone, p_priority, p_missed, p_tolerance, p_catch_up);
    perform pgconductor._ensure_task(p_task_key, coalesce(p_queue,
        (select t.queue from pgconductor.tasks t where t.key = p_task_key), 'default'));

    loop
        insert into pgconductor.schedules (key, service, task_key, queue, cron, time_zone, priority, missed, tolerance, catch_up, overlap,
            last_tick, look_at, created_at, updated_at, payload)
        values (p_key, p_service, p_task_key, p_queue, p_cron, p_time_zone, p_priority, p_missed, p_tolerance, p_catch_up, p_overlap,
            v_now, v_now, v_now, v_now, p_payload)
        on conflict (key) do nothing;
        if found then
            perform pg_notify('pgconductor_schedules', '');
            return 'created';
        end if;

        -- All but the payload, which not everybody who may make schedules may read.
        select s.service, s.task_key, s.queue, s.cron, s.time_zone, s.priority::integer, s.missed, s.tolerance, s.catch_up,
            s.overlap, s.payload_md5
        into v_old
        from pgconductor.schedules s where s.key = p_key for update;
        exit when found;
    end loop;

    if v_old.service is distinct from p_service then
        perform pgconductor._raise('PC009', format('schedule "%s" %s', p_key,
                case when v_old.service is null then 'was made dynamically'
                     else format('is declared by service "%s"', v_old.service) end),
            'Choose another key, or remove that one first (unschedule).');
    end if;

    if (v_old.task_key, v_old.queue, v_old.cron, v_old.time_zone, v_old.priority, v_old.missed, v_old.tolerance, v_old.catch_up,
            v_old.overlap, v_old.payload_md5)
        is not distinct from
        (p_task_key, p_queue, p_cron, p_time_zone, p_priority, p_missed, p_tolerance, p_catch_up, p_overlap,
            md5(p_payload::text)) then
        return 'unchanged';
    end if;

    v_moved := (v_old.cron, v_old.time_zone) is distinct from (p_cron, p_time_zone);
    update pgconductor.schedules s
    set task_key = p_task_key, queue = p_queue, cron = p_cron, time_zone = p_time_zone, priority = p_priority, missed = p_missed,
        tolerance = p_tolerance, catch_up = p_catch_up, overlap = p_overlap, payload = p_payload, updated_at = v_now, revision = s.revision + 1,
        fault = null,
        last_tick = case when v_moved then greatest(s.last_tick, v_now) else s.last_tick end,
        look_at = case when v_moved or s.fault is not null then v_now else s.look_at end,
        next_run_at = case when not v_moved then s.next_run_at end
    where s.key = p_key;
    perform pg_notify('pgconductor_schedules', '');
    return 'changed';
end
$$;
