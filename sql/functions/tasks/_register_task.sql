-- Writes one task's settings, as register_worker describes them; a row that would not change is not written. PC004: a
-- setting that cannot be read, or that the table refuses.
create or replace function pgconductor._register_task(p_queue text, p_task jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_key   text := p_task ->> 'key';
    v_queue text := coalesce(p_task ->> 'queue', p_queue);
    v_old   pgconductor.tasks;
    v_new   pgconductor.tasks;
begin
    perform pgconductor._ensure_task(v_key, v_queue);
    select * into v_old from pgconductor.tasks t where t.key = v_key for update;

    v_new := v_old;
    v_new.queue := v_queue;
    v_new.max_attempts := coalesce((p_task ->> 'max_attempts')::integer, v_old.max_attempts);
    v_new.backoff_jitter := coalesce((p_task ->> 'backoff_jitter')::double precision, v_old.backoff_jitter);
    if jsonb_typeof(p_task -> 'backoff_seconds') = 'array' then
        v_new.backoff_seconds := array(select s::double precision from jsonb_array_elements_text(p_task -> 'backoff_seconds') s);
    end if;
    if p_task ? 'keep_completed_seconds' then
        v_new.keep_completed := case when (p_task ->> 'keep_completed_seconds')::double precision >= 0
            then make_interval(secs => (p_task ->> 'keep_completed_seconds')::double precision) end;
    end if;
    if p_task ? 'keep_failed_seconds' then
        v_new.keep_failed := case when (p_task ->> 'keep_failed_seconds')::double precision >= 0
            then make_interval(secs => (p_task ->> 'keep_failed_seconds')::double precision) end;
    end if;
    if p_task ? 'window_start' then
        v_new.window_start := (p_task ->> 'window_start')::time;
        v_new.window_end := (p_task ->> 'window_end')::time;
    end if;
    if p_task ? 'windows' then
        if jsonb_typeof(p_task -> 'windows') not in ('array', 'null') then
            perform pgconductor._raise('PC004', format('task "%s": %s is not a list of windows', v_key, left(p_task ->> 'windows', 100)),
                'Give an array of texts such as "mon-fri 22:00-06:00".');
        end if;
        v_new.windows := nullif(array(select w from jsonb_array_elements_text(nullif(p_task -> 'windows', 'null')) w), '{}');
    end if;
    if p_task ? 'keep_logs_seconds' then
        v_new.keep_logs := case when (p_task ->> 'keep_logs_seconds')::double precision >= 0
            then make_interval(secs => (p_task ->> 'keep_logs_seconds')::double precision) end;
    end if;
    if p_task ? 'batch_size' then
        v_new.batch_size := (p_task ->> 'batch_size')::integer;
    end if;
    v_new.time_zone := coalesce(p_task ->> 'time_zone', v_old.time_zone);

    if v_new is distinct from v_old then
        update pgconductor.tasks t
        set queue = v_new.queue, max_attempts = v_new.max_attempts, backoff_seconds = v_new.backoff_seconds,
            backoff_jitter = v_new.backoff_jitter, keep_completed = v_new.keep_completed, keep_failed = v_new.keep_failed,
            keep_logs = v_new.keep_logs, windows = v_new.windows, window_start = v_new.window_start,
            window_end = v_new.window_end, time_zone = v_new.time_zone, batch_size = v_new.batch_size,
            updated_at = pgconductor.current_time()
        where t.key = v_key;
    end if;
exception
    when check_violation or data_exception then
        perform pgconductor._raise('PC004', format('the settings of task "%s" are not possible: %s', v_key, sqlerrm),
            'pgconductor.register_worker says what each setting may be.');
end
$$;
