begin;
select plan(23);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't');
    select pgconductor.invoke('t', jsonb_build_object('x', repeat('x', 9000)), p_id => test.id(1), p_dedupe_key => 'k', p_priority => 3, p_max_attempts => 4, p_trace_parent => 'trace');
    select pgconductor.invoke('t', p_id => test.id(2)); select test.claim(1, 'default', 10) $$, 'two run');
select is(array[test.finish(1, test.id(1), 'dead', 'boom'), test.finish(1, test.id(2), 'completed')], '{failed,completed}', 'one dies');
select test.pass('1 hour');
select lives_ok($$ select pgconductor.retry_execution(test.id(1)) $$, 'retry');
select is(test.state(test.id(1)), 'ready', 'it is ready, and no dead letter any more');
select results_eq($$ select run_at, created_at, priority, attempts, max_attempts, lane, dedupe_key, trace_parent, large_payload_bytes > 9000, errors #>> '{0,message}' from pgconductor.executions where id = test.id(1) $$,
    $$ select timestamptz '2025-01-15 11:00+00', timestamptz '2025-01-15 10:00+00', 3::smallint, 0::smallint, 4::smallint, lane, 'k'::text collate "C", 'trace', true, 'boom' from pgconductor.tasks where key = 't' $$,
    'now, with all its attempts again and its errors kept');
select is((select execution_id from pgconductor.dedupe_keys), test.id(1), 'it has its key again');
select is((select payload ->> 'x' from pgconductor.claim_executions(test.id(1), 'default', 1)), repeat('x', 9000), 'and its payload');
select is(test.finish(1, test.id(1), 'dead', 'again'), 'failed', 'it dies once more');
select is((select jsonb_array_length(errors) from pgconductor.failed_executions where id = test.id(1)), 2, 'two errors by now');

select lives_ok($$ select pgconductor.invoke('t', p_id => test.id(3), p_dedupe_key => 'k') $$, 'its key is taken by another');
select throws_ok($$ select pgconductor.retry_execution(test.id(1)) $$, 'PC003', null, 'PC003');
select is(test.state(test.id(1)), 'failed', 'and nothing is lost');

select is(pgconductor.cancel_execution(test.id(3)), 'cancelled', 'a cancelled one');
select lives_ok($$ select pgconductor.retry_execution(test.id(3)) $$, 'can be retried too');
select is(test.state(test.id(3)), 'ready', 'and is ready');

select throws_ok($$ select pgconductor.retry_execution(test.id(2)) $$, 'PC007', null, 'a completed one cannot: PC007');
select throws_ok($$ select pgconductor.retry_execution(test.id(999)) $$, 'PC007', null, 'nor an unknown one');
select is(array[pgconductor.cancel_execution(test.id(3))], '{cancelled}', 'cancelled again');
delete from pgconductor.tasks where key = 't';
select lives_ok($$ select pgconductor.retry_execution(test.id(3)) $$, 'of a task whose row somebody deleted');
select is(test.state(test.id(3)), 'ready', 'nothing is lost either');


-- Steps stay; a child it died of does not.
insert into pgconductor.tasks (key) values ('t') on conflict do nothing;
insert into pgconductor.failed_executions (id, expires_at, created_at, finished_at, priority, attempts, queue, task_key, reason, errors, flow)
values (test.id(50), 'infinity', now(), now(), 0, 1, 'default', 't', 'r', '[{"message": "m", "step": "c"}]', '{}');
insert into pgconductor.steps (execution_id, name, ordinal, started_at, finished_at, failed) values (test.id(50), 'a', 1, now(), now(), false), (test.id(50), 'b', 2, now(), now(), true), (test.id(50), 'c', 3, now(), now(), true);
select lives_ok($$ select pgconductor.retry_execution(test.id(50)) $$, 'one with steps');
select is(test.steps(test.id(50)), 'a done, b failed', 'keeps them, but for the failure that it died of');
select is((select flow from pgconductor.executions where id = test.id(50)), '{}', 'and a claim will look for them');
select * from finish();
rollback;
