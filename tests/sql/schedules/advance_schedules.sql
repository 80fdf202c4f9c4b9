begin;
select plan(35);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.create_queue('q'); select pgconductor.schedule('a', 't', '@hourly', '{"n": 1}', p_queue => 'q', p_priority => 7), pgconductor.schedule('b', 'u', '@hourly', null) $$, 'two schedules');
select test.clock('2025-01-15 12:00:05+00');

-- Two runs of a, none of b.
create temp table done as select * from pgconductor.advance_schedules('{b,a}', '{1,1}', '{2025-01-15 12:00+00,2025-01-15 12:00+00}', '{2025-01-15 13:00+00,NULL}', '{0,2}', '{2025-01-15 11:00+00,2025-01-15 12:00+00}');
select results_eq('select * from done order by item', $$ values (1, 'advanced', null::text), (2, 'advanced', null) $$, 'both advance');
select results_eq('select id, queue, task_key, priority, payload, dedupe_key, run_at <= pgconductor.current_time() from pgconductor.executions order by id',
    $$ values (pgconductor._tick_id('a', '2025-01-15 11:00+00'), 'q'::text collate "C", 't'::text collate "C", 7::smallint, '{"n": 1}'::jsonb, null::text collate "C", true),
              (pgconductor._tick_id('a', '2025-01-15 12:00+00'), 'q', 't', 7::smallint, '{"n": 1}', null, true) $$, 'two runs, with payload, priority and queue');
select is((select array_agg(id order by run_at) from pgconductor.executions), array[pgconductor._tick_id('a', '2025-01-15 11:00+00'), pgconductor._tick_id('a', '2025-01-15 12:00+00')], 'the older first');
select is((select string_agg(concat_ws(' ', key, revision, last_tick at time zone 'UTC', look_at, next_run_at at time zone 'UTC', last_run_at at time zone 'UTC'), ', ' order by key) from pgconductor.schedules) like
    'a 2 2025-01-15 12:00:00 infinity 2025-01-15 12:00:05, b 2 2025-01-15 12:00:00 2025-01-15 13:00:00% 2025-01-15 13:00:00', true, 'moved on; a has no tick any more');

-- The same once more, by somebody who looked at the same time.
select is((select string_agg(effect, ',') from pgconductor.advance_schedules('{b,a}', '{1,1}', '{2025-01-15 12:00+00,2025-01-15 12:00+00}', '{2025-01-15 13:00+00,NULL}', '{0,2}', '{2025-01-15 11:00+00,2025-01-15 12:00+00}')), 'stale,stale', 'too late');
select is((select count(*) from pgconductor.executions), 2::bigint, 'no run more');
select is((select effect from pgconductor.advance_schedules('{gone}', '{1}', '{2025-01-15 12:00+00}', '{NULL}', '{1}', '{2025-01-15 12:00+00}')), 'stale', 'a schedule that is gone');
select lives_ok($$ select pgconductor.pause_schedule('b') $$, 'paused meanwhile');
select is((select effect from pgconductor.advance_schedules('{b}', '{3}', '{2025-01-15 13:00+00}', '{NULL}', '{1}', '{2025-01-15 13:00+00}')), 'stale', 'a paused one, even if its revision is known');
select lives_ok($$ select pgconductor.resume_schedule('b') $$, 'resumed');
select is((select (s.revision, s.payload is null)::text from pgconductor.schedules s where key = 'b'), '(4,t)', 'b has no payload');
select is((select effect from pgconductor.advance_schedules('{b}', '{4}', '{2025-01-15 12:00+00}', '{2025-01-15 13:00+00}', '{1}', '{2025-01-15 12:00+00}')), 'advanced', 'a clock that is behind');
select is((select last_tick from pgconductor.schedules where key = 'b'), '2025-01-15 12:00:05+00', 'takes nothing back');
select is((select payload from pgconductor.executions where task_key = 'u'), null, 'a run without a payload');

-- A run that waits already is not enqueued again.
select is((select effect from pgconductor.advance_schedules('{b}', '{5}', '{2025-01-15 13:00+00}', '{2025-01-15 14:00+00}', '{2}', '{2025-01-15 12:00+00,2025-01-15 13:00+00}')), 'advanced', 'a tick that was enqueued, and one that was not');
select is((select count(*) from pgconductor.executions where task_key = 'u'), 2::bigint, 'each is there once');

-- What cannot be enqueued does not stop the others.
select lives_ok($$ select pgconductor.schedule('broken', 't', '@hourly'); update pgconductor.schedules set queue = 'nowhere' where key = 'broken' $$, 'a schedule whose queue is gone');
select results_eq($$ select item, effect, detail from pgconductor.advance_schedules('{broken,b}', '{1,6}', '{2025-01-15 14:00+00,2025-01-15 14:00+00}', '{2025-01-15 15:00+00,2025-01-15 15:00+00}', '{1,1}', '{2025-01-15 14:00+00,2025-01-15 14:00+00}') order by item $$,
    $$ values (1, 'failed', 'there is no queue "nowhere"'), (2, 'advanced', null) $$, 'it fails, the other does not');
select is((select (fault, last_tick, look_at, revision)::text from pgconductor.schedules where key = 'broken'), '("there is no queue ""nowhere""","2025-01-15 12:00:05+00","2025-01-15 12:01:05+00",1)', 'the fault is kept, its ticks too, and it is looked at again in a minute');
select lives_ok($$ select pgconductor.create_queue('nowhere') $$, 'mended');
select is((select effect from pgconductor.advance_schedules('{broken}', '{1}', '{2025-01-15 14:00+00}', '{2025-01-15 15:00+00}', '{1}', '{2025-01-15 14:00+00}')), 'advanced', 'it advances');
select is((select fault from pgconductor.schedules where key = 'broken'), null, 'without a fault');

-- Large payloads too.
select lives_ok($$ select pgconductor.schedule('large', 't', '@hourly', jsonb_build_object('x', repeat('x', 20000))) $$, 'a payload over 8 kB');
select is((select effect from pgconductor.advance_schedules('{large}', '{1}', '{2025-01-15 14:00+00}', '{NULL}', '{1}', '{2025-01-15 14:00+00}')), 'advanced', 'advances');
select is((select length(payload ->> 'x') from pgconductor.get_execution(pgconductor._tick_id('large', '2025-01-15 14:00+00'))), 20000, 'and arrives whole');
-- Without overlap.
select lives_ok($$ select pgconductor.schedule('single', 'v', '@hourly', p_overlap => false); select test.worker(7, 'default', 'v') $$, 'a schedule without overlap');
select is((select detail from pgconductor.advance_schedules('{single}', '{1}', '{2025-01-15 14:00+00}', '{NULL}', '{2}', '{2025-01-15 13:00+00,2025-01-15 14:00+00}')), '1 of 2 ticks left out: an earlier run has not ended', 'of two ticks the first is enqueued');
select is((select array_agg(id) from pgconductor.executions where task_key = 'v'), array[pgconductor._tick_id('single', '2025-01-15 13:00+00')], 'alone');
select is(cardinality(test.claim(7, 'default', 1)), 1, 'it runs');
select is((select last_run_at from pgconductor.schedules where key = 'single'), pgconductor.current_time(), 'and is the last run');
select test.clock('2025-01-15 15:00:05+00');
select is((select effect || ' ' || detail from pgconductor.advance_schedules('{single}', '{2}', '{2025-01-15 15:00+00}', '{NULL}', '{1}', '{2025-01-15 15:00+00}')), 'advanced 1 of 1 ticks left out: an earlier run has not ended', 'while it runs a tick is left out');
select is(test.finish(7, pgconductor._tick_id('single', '2025-01-15 13:00+00'), 'dead', 'no'), 'failed', 'it has ended, in whatever way');
select is((select coalesce(detail, effect) from pgconductor.advance_schedules('{single}', '{3}', '{2025-01-15 16:00+00}', '{NULL}', '{1}', '{2025-01-15 16:00+00}')), 'advanced', 'and the next tick is enqueued');
select is_empty($$ select * from pgconductor.advance_schedules('{}', '{}', '{}', '{}', '{}', '{}') $$, 'nothing is nothing');
select * from finish();
rollback;
