BEGIN;
SELECT plan(33);

-- Setup test data
SET pgconductor.fake_now = '2025-01-15 10:00:00';

INSERT INTO pgconductor.tasks (key, window_start, window_end)
VALUES ('windowed-task', '09:00:00', '17:00:00');

INSERT INTO pgconductor.executions (id, task_key, payload)
VALUES (uuid_generate_v4(), 'windowed-task', '{}'::jsonb);

-- Test: Should return executions within window
SELECT is(
  (SELECT count(*) FROM pgconductor.get_executions('windowed-task', uuid_generate_v4(), 10)),
  1::bigint,
  'Returns executions within time window'
);

-- Test: Should not return executions outside window
SET pgconductor.fake_now = '2025-01-15 20:00:00';
SELECT is(
  (SELECT count(*) FROM pgconductor.get_executions('windowed-task', uuid_generate_v4(), 10)),
  0::bigint,
  'Blocks executions outside time window'
);

-- Test: Respects max_attempts
INSERT INTO pgconductor.executions (id, task_key, payload, attempts)
VALUES (uuid_generate_v4(), 'windowed-task', '{}'::jsonb, 5);

UPDATE pgconductor.tasks SET max_attempts = 3 WHERE key = 'windowed-task';

SELECT is(
  (SELECT count(*) FROM pgconductor.get_executions('windowed-task', uuid_generate_v4(), 10)),
  0::bigint,
  'Excludes executions that exceeded max_attempts'
);

-- The two above hold for two reasons at once; each reason alone:
insert into pgconductor.executions (id, task_key) values (test.id(1), 'windowed-task');
select is(test.state(test.id(1)), 'ready', 'outside the window an execution is due');
select is((select count(*) from pgconductor.get_executions('windowed-task', test.id(90), 10)), 0::bigint,
    'but the window alone holds it back');

select test.clock('2025-01-16 10:00:00');
select is((select array_agg(id) from pgconductor.get_executions('windowed-task', test.id(90), 10)), array[test.id(1)],
    'inside the window the attempts alone hold the other back');
select is((select array_agg(reason) from pgconductor.failed_executions where task_key = 'windowed-task'),
    array['not started: all 3 attempts were used up'], 'which is a dead letter now, with the reason');

-- Atomically: claimed once, in one lease, with its position and attempt.
insert into pgconductor.tasks (key) values ('t');
insert into pgconductor.executions (id, task_key, payload, run_at)
select test.id(n), 't', jsonb_build_object('n', n), '2025-01-16 09:00:00'::timestamptz + n * interval '1 second'
from generate_series(10, 14) n;
select results_eq(
    $$ select position, id, task_key, attempt, payload from pgconductor.get_executions('t', test.id(91), 3) $$,
    $$ select (n - 9)::integer, test.id(n), 't', 1, jsonb_build_object('n', n) from generate_series(10, 12) n $$,
    'a batch comes oldest first, positions from 1, attempt 1, with the payloads');
select is((select count(*) from pgconductor.get_executions('t', test.id(92), 10)), 2::bigint, 'another caller gets the rest');
select is((select count(*) from pgconductor.get_executions('t', test.id(92), 10)), 0::bigint, 'and then there is nothing');
select results_eq('select size, orchestrator_id from pgconductor.leases where ''t'' = any (task_keys) order by id',
    $$ values (3, test.id(91)), (2, test.id(92)) $$, 'one lease a call');

-- A task that shares the plain lane: what waits there is reached by every call, not only by the first.
select lives_ok($$ select test.worker(1, 'default', 'p', 'other') $$, 'a worker of two tasks');
select is((select lane from pgconductor.tasks where key = 'p'), '', 'a registered task is in the plain lane');
select pgconductor.invoke('p', p_id => test.id(n)) from generate_series(20, 25) n;
select pgconductor.orchestrator_shutdown(test.id(1));
select is((select count(*) from pgconductor.get_executions('p', test.id(93), 2)), 2::bigint, 'the first call finds two of six');
select is((select count(*) from pgconductor.get_executions('p', test.id(93), 100)), 4::bigint, 'the next call finds the other four');

-- Steps come along.
insert into pgconductor.executions (id, task_key) values (test.id(30), 't');
select is((select steps from pgconductor.get_executions('t', test.id(95), 10)), null, 'one without steps has none');
select lives_ok($$ select pgconductor.save_step(test.id(95), l.id, 1, 'charge', '{"receipt": 7}') from pgconductor.leases l where l.orchestrator_id = test.id(95) $$, 'it stores one');
select is(test.finish(95, test.id(30), 'failed', 'no', 0), 'retried', 'and fails');
select is((select array_agg(s.step ->> 0 || ' ' || (s.step ->> 2) || ' ' || (s.step ->> 3)) from pgconductor.get_executions('t', test.id(96), 10) c, jsonb_array_elements(c.steps) s (step)), '{"charge done {\"receipt\": 7}"}', 'which comes with the next claim');

-- Pauses.
insert into pgconductor.executions (task_key) values ('t');
update pgconductor.queues set paused = true where name = 'default';
select is_empty($$ select * from pgconductor.get_executions('t', test.id(94), 10) $$, 'a paused queue gives nothing');
update pgconductor.queues set paused = false where name = 'default';
update pgconductor.tasks set paused = true where key = 't';
select is_empty($$ select * from pgconductor.get_executions('t', test.id(94), 10) $$, 'a paused task gives nothing');

-- On another queue, with what it has done before.
select lives_ok($$ select pgconductor.create_queue('q'); insert into pgconductor.tasks (key) values ('moved'); select pgconductor.invoke('moved', p_queue => 'q', p_id => test.id(30)); select pgconductor.invoke('moved', p_id => test.id(31)) $$, 'one on each of two queues');
select is((select array_agg(id) from pgconductor.get_executions('moved', test.id(95), 10, 'q')), array[test.id(30)], 'the queue that is named');
select is((select array_agg(id) from pgconductor.get_executions('moved', test.id(95), 10)), array[test.id(31)], 'or the task''s');
select is(array[test.step(95, test.id(31), 'a', '5'), test.finish(95, test.id(31), 'released'), (select steps -> 0 ->> 0 from pgconductor.get_executions('moved', test.id(95), 10))], '{saved,released,a}', 'steps come along');

-- A lane that it has from former limits.
insert into pgconductor.tasks (key, max_running) values ('former', 1);
update pgconductor.tasks set max_running = null, holds = false where key = 'former';
select pgconductor.invoke('former', p_id => test.id(40));
select is((select array_agg(id) from pgconductor.get_executions('former', test.id(96), 10)), array[test.id(40)], 'whatever lane the task has');

-- Where it waited before its lane changed, on a queue that no registered worker looks at.
select lives_ok($$ select pgconductor.create_queue('apart'); insert into pgconductor.tasks (key) values ('changed');
    select pgconductor.invoke('changed', p_queue => 'apart', p_id => test.id(n)) from generate_series(50, 52) n;
    update pgconductor.executions set lane = case id when test.id(50) then '' when test.id(51) then pgconductor._own_lane('changed', true) else lane end where task_key = 'changed' $$, 'three lanes');
select is((select array_agg(id order by id) from pgconductor.get_executions('changed', test.id(97), 10, 'apart')), array[test.id(50), test.id(51), test.id(52)], 'all are found');
select lives_ok($$ update pgconductor.tasks set max_running = 2, lane = pgconductor._own_lane('changed', true) where key = 'changed';
    select pgconductor.invoke('changed', p_queue => 'apart', p_id => test.id(n)) from generate_series(53, 54) n;
    update pgconductor.executions set lane = case id when test.id(53) then '' else 'changed' end where queue = 'apart' $$, 'one with limits, in two others');
select is_empty($$ select * from pgconductor.get_executions('changed', test.id(97), 10, 'apart') $$, 'nobody takes them past the limits');
select is((select array_agg(distinct lane) from pgconductor.executions where queue = 'apart'), array[pgconductor._own_lane('changed', true)], 'they move');
select is((select array_agg(id order by id) from pgconductor.get_executions('changed', test.id(97), 10, 'apart')), array[test.id(53), test.id(54)], 'and are found then');

select throws_ok($$ select * from pgconductor.get_executions('nobody', test.id(94), 10) $$, 'PC007', null, 'a task that is not there: PC007');

SELECT * FROM finish();
ROLLBACK;
