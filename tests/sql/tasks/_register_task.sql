-- The settings one by one are in register_worker's file.
begin;
select plan(16);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select lives_ok($$ select pgconductor._register_task('default', '{"key": "t", "keep_completed_seconds": 0, "keep_failed_seconds": 0.5}') $$, 'a new task');
select results_eq($$ select keep_completed, keep_failed, updated_at from pgconductor.tasks where key = 't' $$,
    $$ values (interval '0', interval '0.5 seconds', timestamptz '2025-01-15 10:00:00+00') $$, 'retention down to nothing');
select lives_ok($$ select test.pass('1 minute'); select pgconductor._register_task('default', '{"key": "t", "time_zone": "Asia/Tokyo"}') $$, 'a change');
select is((select updated_at from pgconductor.tasks where key = 't'), '2025-01-15 10:01:00+00', 'is dated');
select throws_ok($$ select pgconductor._register_task('nowhere', '{"key": "u"}') $$, 'PC002', null, 'a queue that is not there: PC002');
select lives_ok($$ update pgconductor.tasks set lane = '' where key = 't';
    select pgconductor._register_task('default', '{"key": "t", "window_start": "09:00", "window_end": "17:00"}') $$, 'a plain task gets a window');
select is((select lane from pgconductor.tasks where key = 't'), 't', 'and its own lane in the same instant');

-- Windows and the retention of log lines.
select pgconductor._register_task('default', '{"key": "w", "windows": ["mon-fri 22:00-06:00", "sat 00:00-24:00"], "time_zone": "Europe/Berlin", "keep_logs_seconds": 60}');
select results_eq($$ select windows, window_start, keep_logs, lane from pgconductor.tasks where key = 'w' $$,
    $$ values (array['mon-fri 22:00-06:00', 'sat 00:00-24:00'], null::time, interval '1 minute', 'w'::text collate "C") $$, 'several windows');
select pgconductor._register_task('default', '{"key": "w", "max_attempts": 2}');
select is((select windows[1] from pgconductor.tasks where key = 'w'), 'mon-fri 22:00-06:00', 'left out, they stay');
select pgconductor._register_task('default', '{"key": "w", "windows": [], "keep_logs_seconds": -1}');
select results_eq($$ select windows, week_open, keep_logs from pgconductor.tasks where key = 'w' $$,
    $$ values (null::text[], null::int8multirange, null::interval) $$, 'an empty list removes them; -1 keeps log lines for ever');
select pgconductor._register_task('default', '{"key": "w", "windows": ["09:00-17:00"]}');
select pgconductor._register_task('default', '{"key": "w", "windows": null}');
select is((select windows from pgconductor.tasks where key = 'w'), null, 'null too');
select throws_like($$ select pgconductor._register_task('default', '{"key": "w", "windows": ["nine to five"]}') $$,
    '%task "w": "nine to five" is not a window%', 'a window that cannot be read');
select throws_like($$ select pgconductor._register_task('default', '{"key": "w", "windows": "09:00-17:00"}') $$,
    '%task "w": 09:00-17:00 is not a list of windows%', 'what is no list');
select throws_ok($$ select pgconductor._register_task('default', '{"key": "w", "keep_logs_seconds": 1e15}') $$, 'PC004', null, 'log lines for more than 1000 years');
select lives_ok($$ select pgconductor._register_task('default', '{"key": "t", "batch_size": 100}') $$, 'a batch size');
select throws_ok($$ select pgconductor._register_task('default', '{"key": "t", "batch_size": 10001}') $$, 'PC004', null, 'one that cannot be: PC004');

select * from finish();
rollback;
