-- Parent and child through the public functions, and every end of either.
begin;
select plan(49);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't', 'none'); update pgconductor.tasks set keep_completed = '0', keep_failed = '0' where key = 'none'; update pgconductor.tasks set max_attempts = 2 where key = 't' $$, 'tasks');

-- parent -> child -> parent
select lives_ok($$ select pgconductor.invoke('t', p_id => test.id(1)); select test.claim(1, 'default', 10) $$, 'a parent runs');
select is(test.step(1, test.id(1), 'a'), 'saved', 'a step');
select is(test.wait(1, test.id(1), jsonb_build_array(test.child('c', 10, 'none'))), 'suspended', 'it waits for a child');
select is(array[test.state(test.id(1)), test.state(test.id(10))], '{waiting,ready}', 'which is ready');
select is((select attempts from pgconductor.executions where id = test.id(1)), 0::smallint, 'its attempt is given back');
select is((select count(*) from pgconductor.leases), 0::bigint, 'and its place');
select is((select parent_id from pgconductor.get_execution(test.id(10))), test.id(1), 'the child''s parent is shown');
select is(test.claim(1, 'default', 10), array[test.id(10)], 'the child runs');
select is((select r.effect from pgconductor.leases l cross join lateral pgconductor.return_executions(test.id(1), '{}', array[l.id], '{1}', '{completed}', '{"{\"r\": 5}"}') r), 'completed', 'and completes');
select is(array[test.state(test.id(1)), test.steps(test.id(1))], '{ready,"a done 1, c done {\"r\": 5}"}', 'its parent has the result and is ready, although the child keeps no history');
select is((select array[attempt::text, steps #>> '{0,0}', steps #>> '{0,2}', steps #>> '{0,3}', steps #>> '{0,7}'] from pgconductor.claim_executions(test.id(1), 'default', 10)),
    array['1', 'a', 'done', '1', null], 'it is claimed, in its first attempt still, with both steps');
select is(test.finish(1, test.id(1), 'completed'), 'completed', 'it completes');
select is((select count(*) from pgconductor.steps), 0::bigint, 'its steps are gone');
select is((select count(*) from pgconductor.orphans), 0::bigint, 'nobody is left alone');

-- The child fails, for good.
select lives_ok($$ select pgconductor.invoke('t', p_id => test.id(2)); select test.claim(1, 'default', 10) $$, 'a parent');
select is(test.wait(1, test.id(2), jsonb_build_array(test.child('c', 11))), 'suspended', 'waits');
select is(array[test.claim(1, 'default', 10)::text, test.finish(1, test.id(11), 'failed', 'one', 0), test.state(test.id(2))], array[array[test.id(11)]::text, 'retried', 'waiting'], 'a child''s retry is its own affair');
select is(array[test.claim(1, 'default', 10)::text, test.finish(1, test.id(11), 'failed', 'two'), test.state(test.id(2))], array[array[test.id(11)]::text, 'failed', 'ready'], 'its end is not');
select is((select state || (result ->> 'message') || (result ->> 'cancelled') from pgconductor.load_steps(test.id(2))), 'failedtwofalse', 'the parent is told of what');
select is(test.claim(1, 'default', 10), array[test.id(2)], 'it runs');
select is((select r.effect from pgconductor.leases l cross join lateral pgconductor.return_executions(test.id(1), '{}', array[l.id], '{1}', '{dead}', null, '{"{\"message\": \"child failed\", \"step\": \"c\"}"}') r), 'failed', 'and dies of it');
select is(test.steps(test.id(2)) like 'c failed%', true, 'a dead letter keeps its steps');
select lives_ok($$ select pgconductor.retry_execution(test.id(2)) $$, 'retried by hand');
select is(test.steps(test.id(2)), null, 'it starts the child anew');
select is(pgconductor.cancel_execution(test.id(2)), 'cancelled', 'enough of it');

-- The child ends while its parent runs.
select lives_ok($$ select pgconductor.invoke('t', p_id => test.id(3)); select test.claim(1, 'default', 10) $$, 'a parent');
select is(test.wait(1, test.id(3), jsonb_build_array(test.child('c', 12), test.child('d', 13))), 'suspended', 'waits for one of two');
select is(array[test.claim(1, 'default', 10)::text, test.finish(1, test.id(12), 'completed')], array[array[test.id(12), test.id(13)]::text, 'completed'], 'one completes');
select is(test.claim(1, 'default', 10), array[test.id(3)], 'the parent runs');
select is(test.finish(1, test.id(13), 'completed'), 'completed', 'the other completes meanwhile');
select is(test.wait(1, test.id(3), '[]', 'd'), 'suspended', 'the parent, which does not know, waits for it');
select is(test.state(test.id(3)), 'ready', 'and is ready at once');
select is((select count(*) from pgconductor.claim_executions(test.id(1), 'default', 10) c where c.steps #>> '{1,2}' = 'done'), 1::bigint, 'with the outcome');

-- A parent that fails while a child of it still runs must not be woken by it before its time.
select is(test.wait(1, test.id(3), jsonb_build_array(test.child('e', 14), '{"name": "s", "kind": "sleep", "seconds": 1}'::jsonb)), 'suspended', 'it waits for a child and a time');
select test.pass('1 second');
select is(cardinality(test.claim(1, 'default', 10)), 2, 'the time has come');
select is(test.finish(1, test.id(3), 'failed', 'oops'), 'retried', 'it fails');
select is(test.finish(1, test.id(14), 'completed'), 'completed', 'the child completes');
select is(array[test.state(test.id(3)), (select state from pgconductor.load_steps(test.id(3)) where name = 'e')], '{scheduled,done}', 'the retry keeps its time, and will find the outcome');

-- Cancelled, both ways.
select is(pgconductor.cancel_execution(test.id(3)), 'cancelled', 'it is cancelled');
select lives_ok($$ select pgconductor.invoke('t', p_id => test.id(4)); select test.claim(1, 'default', 10); select test.wait(1, test.id(4), jsonb_build_array(test.child('c', 15), test.child('d', 16, 't', '{"child": {"id": "01900000-0000-7000-8000-000000000010", "task": "t", "detached": true}}'))) $$, 'a parent of two, one detached');
select is(array[pgconductor.cancel_execution(test.id(4), 'stop'), test.state(test.id(15))], '{cancelled,ready}', 'the parent is cancelled');
select lives_ok($$ select pgconductor.orchestrator_heartbeat(test.id(1)) $$, 'a heartbeat');
select is(array[test.state(test.id(15)), test.reason(test.id(15)), test.state(test.id(16))], array['cancelled', 'its parent ' || test.id(4) || ' was cancelled', 'ready'], 'cancels the child it had, and not the detached one');
select lives_ok($$ select pgconductor.cancel_execution(test.id(16)); select pgconductor.invoke('t', p_id => test.id(5)); select test.claim(1, 'default', 10); select test.wait(1, test.id(5), jsonb_build_array(test.child('c', 17))) $$, 'a parent');
select is(array[pgconductor.cancel_execution(test.id(17), 'no'), test.state(test.id(5))], '{cancelled,ready}', 'a cancelled child wakes its parent');
select is((select result ->> 'cancelled' from pgconductor.load_steps(test.id(5))), 'true', 'which is told so');

-- What cannot be waited for.
select test.claim(1, 'default', 10);
select throws_ok($$ select pgconductor.return_executions(test.id(1), '{}', array[l.id], '{1}', '{suspended}') from pgconductor.leases l $$, 'PC004', null, 'nothing: PC004');
select is((select state from pgconductor.all_executions where id = test.id(5)), 'running', 'and nothing has changed');
select * from finish();
rollback;
