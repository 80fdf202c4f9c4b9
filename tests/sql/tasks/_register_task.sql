-- The settings one by one are in register_worker's file.
begin;
select plan(9);
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

select lives_ok($$ select pgconductor._register_task('default', '{"key": "t", "batch_size": 100}') $$, 'a batch size');
select throws_ok($$ select pgconductor._register_task('default', '{"key": "t", "batch_size": 10001}') $$, 'PC004', null, 'one that cannot be: PC004');

select * from finish();
rollback;
