begin;
select plan(4);
select is_empty('select * from pgconductor.list_tasks()', 'nothing is known at first');
select test.worker(1, 'default', 'b'), test.worker(2, 'default', 'b');
insert into pgconductor.tasks (key, paused, keep_completed, keep_failed, window_start, window_end, time_zone)
values ('a', true, null, '0', '22:00', '06:30', 'Europe/Berlin');
select results_eq($$ select key, queue, paused, max_attempts, keep_completed_seconds, keep_failed_seconds, window_start, window_end, time_zone, workers
    from pgconductor.list_tasks() $$,
    $$ values ('a', 'default', true, 5, null::double precision, 0::double precision, '22:00:00', '06:30:00', 'Europe/Berlin', 0::bigint),
              ('b', 'default', false, 5, 86400, 1209600, null, null, 'UTC', 2) $$, 'in order of key, with their settings and how many serve them');
select is((select backoff_seconds[10] from pgconductor.list_tasks() where key = 'b'), 7200::double precision, 'backoff included');
update pgconductor.tasks set windows = '{sat 10:00-12:00}', keep_logs = '1 hour', batch_size = 50 where key = 'b';
set local pgconductor.fake_now = '2025-01-15 23:00:00+00';
select results_eq($$ select key, windows, open, changes_at, keep_logs_seconds, batch_size from pgconductor.list_tasks() $$,
    $$ values ('a', '{}'::text[], true, timestamptz '2025-01-16 05:30+00', 0::double precision, null::integer),
              ('b', '{"sat 10:00-12:00"}', false, '2025-01-18 10:00+00', 3600, 50) $$, 'windows, whether they are open, and until or from when; and the size of batches');
select * from finish();
rollback;
