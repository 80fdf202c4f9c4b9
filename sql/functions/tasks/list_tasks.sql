-- The tasks that are known, with their settings and who serves them. batch_size: null: its executions run one by one. open: whether one of its windows is; changes_at: when that
-- changes next (null: never).
create or replace function pgconductor.list_tasks()
returns table (
    key text, queue text, paused boolean, max_attempts integer, backoff_seconds double precision[],
    keep_completed_seconds double precision, keep_failed_seconds double precision, window_start text, window_end text,
    time_zone text, workers bigint, windows text[], open boolean, changes_at timestamptz, keep_logs_seconds double precision,
    batch_size integer)
language sql
stable
set search_path = ''
as $$
    select t.key, t.queue, t.paused, t.max_attempts, t.backoff_seconds,
        extract(epoch from t.keep_completed)::double precision, extract(epoch from t.keep_failed)::double precision,
        to_char(t.window_start, 'HH24:MI:SS'), to_char(t.window_end, 'HH24:MI:SS'), t.time_zone,
        (select count(*) from pgconductor.workers w where t.key = any (w.task_keys)),
        coalesce(t.windows, '{}'), pgconductor._window_open(t.week_open, t.time_zone, n.now),
        pgconductor._window_change(t.week_open, t.time_zone, n.now), extract(epoch from t.keep_logs)::double precision,
        t.batch_size
    from pgconductor.tasks t
    cross join (select pgconductor.current_time() as now) n
    order by t.key
$$;
