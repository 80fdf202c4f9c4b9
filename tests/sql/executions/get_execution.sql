begin;
select plan(11);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select is_empty($$ select * from pgconductor.get_execution(test.id(1)) $$, 'not known: no row');
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor.invoke('t', '{"p": 1}', p_id => test.id(1), p_dedupe_key => 'k', p_priority => 2) $$, 'one');
select results_eq($$ select state, priority, attempts, max_attempts, run_at, started_at, orchestrator_id, dedupe_key, payload from pgconductor.get_execution(test.id(1)) $$,
    $$ values ('ready', 2, 0, 5, timestamptz '2025-01-15 10:00+00', null::timestamptz, null::uuid, 'k', '{"p": 1}'::jsonb) $$, 'ready; the attempts it may have are the task''s');
select is(cardinality(test.claim(1, 'default', 1)), 1, 'claimed');
select results_eq($$ select state, attempts, started_at, orchestrator_id, payload from pgconductor.get_execution(test.id(1)) $$,
    $$ values ('running', 1, timestamptz '2025-01-15 10:00+00', test.id(1), '{"p": 1}'::jsonb) $$, 'running, where and since when');
select lives_ok($$ select test.pass('5 seconds'); select pgconductor.return_executions(test.id(1), '{}', array[id], '{1}', '{completed}', array['{"r": 1}'::jsonb]) from pgconductor.leases $$, 'completes');
select results_eq($$ select state, result, started_at, finished_at, attempts from pgconductor.get_execution(test.id(1)) $$,
    $$ values ('completed', '{"r": 1}'::jsonb, timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00:05+00', 1) $$, 'completed, with its result and times');
select lives_ok($$ select pgconductor.invoke('t', to_jsonb(repeat('x', 9000)), p_id => test.id(2), p_max_attempts => 1); select test.claim(1, 'default', 1); select test.finish(1, test.id(2), 'failed', 'boom') $$, 'a large one fails');
select results_eq($$ select state, reason, max_attempts, errors #>> '{0,message}', payload #>> '{}' from pgconductor.get_execution(test.id(2)) $$,
    $$ values ('failed', 'boom', 1, 'boom', repeat('x', 9000)) $$, 'failed, with its reason, errors, and the payload from where it is');
select pgconductor.invoke('t', p_id => test.id(3), p_run_at => '2026-01-01 00:00+00');
select is((select state from pgconductor.get_execution(test.id(3))), 'scheduled', 'scheduled');
select pgconductor.cancel_execution(test.id(3), 'no');
select is((select state || ' ' || reason from pgconductor.get_execution(test.id(3))), 'cancelled no', 'cancelled');
select * from finish();
rollback;
