begin;
select plan(22);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select is(pgconductor.schedule('nightly', 'report', '0 2 * * *'), 'created', 'created');
select results_eq($$ select service, task_key, queue, cron, time_zone, priority, missed, tolerance, catch_up, overlap, paused, last_tick, look_at, next_run_at, payload from pgconductor.schedules $$,
    $$ values (null::text collate "C", 'report'::text collate "C", null::text collate "C", '0 2 * * *', 'UTC', 0::smallint, 'once', interval '1 minute', 100, true, false,
        timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00+00', null::timestamptz, '{}'::jsonb) $$, 'with the defaults, to be looked at now');
select is((select count(*) from pgconductor.tasks where key = 'report'), 1::bigint, 'its task is known from now on');
select is((select count(*) from pgconductor.executions), 0::bigint, 'nothing is enqueued');

-- Again.
select test.clock('2025-01-15 11:00+00');
select is(pgconductor.schedule('nightly', 'report', '0 2 * * *'), 'unchanged', 'the same again: unchanged');
select is((select (revision, last_tick, updated_at)::text from pgconductor.schedules), '(1,"2025-01-15 10:00:00+00","2025-01-15 10:00:00+00")', 'nothing is written');
select is(pgconductor.schedule('nightly', 'report', '0 2 * * *', '{"a": 1}', p_priority => 5), 'changed', 'another payload and priority: changed');
select is((select (revision, last_tick, look_at, payload, priority)::text from pgconductor.schedules), '(2,"2025-01-15 10:00:00+00","2025-01-15 10:00:00+00","{""a"": 1}",5)', 'from the next run on; its ticks stay');
select is(pgconductor.schedule('nightly', 'report', '0 3 * * *', '{"a": 1}', p_priority => 5), 'changed', 'another expression: changed');
select is((select (revision, last_tick, look_at)::text from pgconductor.schedules), '(3,"2025-01-15 11:00:00+00","2025-01-15 11:00:00+00")', 'which begins now');
select lives_ok($$ update pgconductor.schedules set fault = 'unreadable', last_tick = '2025-01-15 12:00+00', look_at = 'infinity', next_run_at = '2025-01-16 02:00+00' $$, 'a fault, and a last tick ahead of the clock');
select is(pgconductor.schedule('nightly', 'report', '0 3 * * *', '{"a": 1}', 'Europe/Berlin', p_missed => 'all', p_tolerance => '2 hours', p_catch_up => 7), 'changed', 'another zone, other settings');
select is((select (last_tick, look_at, next_run_at, fault, time_zone, missed, tolerance, catch_up, priority)::text from pgconductor.schedules),
    '("2025-01-15 12:00:00+00","2025-01-15 11:00:00+00",,,Europe/Berlin,all,02:00:00,7,0)', 'what is decided stays decided; the fault is forgotten');
select lives_ok($$ select pgconductor.pause_schedule('nightly') $$, 'paused');
select is((select pgconductor.schedule('nightly', 'report', '0 4 * * *') || paused from pgconductor.schedules), 'changedtrue', 'a change does not end a pause');

-- Refusals.
select throws_ok($$ select pgconductor.schedule('n', 'report', '0 2 * * *', p_queue => 'nowhere') $$, 'PC002', null, 'a queue that is not there: PC002');
select throws_ok($$ select pgconductor.schedule('n', '', '0 2 * * *') $$, 'PC004', null, 'no task: PC004');
select lives_ok($$ select pgconductor.declare_schedules('shop', '[{"key": "declared", "task_key": "t", "cron": "@daily"}]') $$, 'a declared one');
select throws_ok($$ select pgconductor.schedule('declared', 't', '@daily') $$, 'PC009', 'schedule "declared" is declared by service "shop"', 'is not to be changed by a call: PC009');
-- Bad expressions get their row: only a process can read them.
select is(pgconductor.schedule('odd', 't', '0 0 32 13 *'), 'created', 'an expression is read by the process that looks at it');

-- In the caller's transaction.
savepoint s;
select pgconductor.schedule('gone', 't', '@daily');
rollback to s;
select is_empty($$ select from pgconductor.schedules where key = 'gone' $$, 'what is rolled back never was');
select is((select count(*) from pgconductor.schedules), 3::bigint, 'three are there');
select * from finish();
rollback;
