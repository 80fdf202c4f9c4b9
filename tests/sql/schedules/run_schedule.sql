begin;
select plan(11);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.create_queue('q'); select pgconductor.schedule('a', 't', '* * * * *', '{"n": 1}', p_queue => 'q', p_priority => 7) $$, 'a schedule');
create temp table run as select pgconductor.run_schedule('a') as id;
select results_eq($$ select e.task_key, e.queue, e.priority, e.payload, e.run_at from pgconductor.executions e join run r on r.id = e.id $$,
    $$ values ('t'::text collate "C", 'q'::text collate "C", 7::smallint, '{"n": 1}'::jsonb, timestamptz '2025-01-15 10:00+00') $$, 'its payload, priority and queue, now');
select is((select (revision, last_tick, last_run_at)::text from pgconductor.schedules), '(1,"2025-01-15 10:00:00+00",)', 'its ticks are not concerned');
select is((select count(pgconductor.run_schedule('a')) from pgconductor.pause_schedule('a')), 1::bigint, 'a paused one too');
select is(pgconductor.run_schedule('a', test.id(1)), test.id(1), 'with an id of the caller');
select is((select count(*) from pgconductor.run_schedule('a', test.id(1), true), pgconductor.executions e where e.id = test.id(1)), 1::bigint, 'once, however often it is asked for');
select lives_ok($$ select pgconductor.schedule('single', 'u', '@daily', p_overlap => false) $$, 'one without overlap');
select is(pgconductor.run_schedule('single', test.id(2)), test.id(2), 'runs');
select is(pgconductor.run_schedule('single', test.id(3)), test.id(2), 'and asked for again is the run that waits');
select is((select count(*) from pgconductor.executions where task_key = 'u'), 1::bigint, 'once');
select throws_ok($$ select pgconductor.run_schedule('b') $$, 'PC007', 'there is no schedule "b"', 'PC007');
select * from finish();
rollback;
