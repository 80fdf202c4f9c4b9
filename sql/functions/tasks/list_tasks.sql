-- The tasks that are known, with their settings and who serves them.
create or replace function pgconductor.list_tasks()
returns table (
    key text, queue text, paused boolean, max_attempts integer, backoff_seconds double precision[],
    keep_completed_seconds double precision, keep_failed_seconds double precision, window_start text, window_end text,
    time_zone text, workers bigint)
language sql
stable
set search_path = ''
as $$
    select t.key, t.queue, t.paused, t.max_attempts, t.backoff_seconds,
        extract(epoch from t.keep_completed)::double precision, extract(epoch from t.keep_failed)::double precision,
        to_char(t.window_start, 'HH24:MI:SS'), to_char(t.window_end, 'HH24:MI:SS'), t.time_zone,
        (select count(*) from pgconductor.workers w where t.key = any (w.task_keys))
    from pgconductor.tasks t
    order by t.key
$$;
