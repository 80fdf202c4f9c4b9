begin;
select plan(9);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor.invoke('t', p_id => test.id(n), p_priority => 10 - n) from generate_series(1, 3) n $$, 'three wait');
select is(pgconductor._replace_waiting(test.id(3), 'default', '{"n": 2}', '2025-01-15 11:00+00', 7, 2), true, 'one is replaced');
select results_eq($$ select payload, run_at, priority, max_attempts, large_payload_bytes from pgconductor.executions where id = test.id(3) $$,
    $$ values ('{"n": 2}'::jsonb, timestamptz '2025-01-15 11:00+00', 7::smallint, 2::smallint, null::integer) $$, 'in all that was given');
select is(pgconductor._replace_waiting(test.id(3), 'default', to_jsonb(repeat('x', 9000)), '2025-01-15 11:00+00', 0, null), true, 'a large payload');
select results_eq($$ select e.payload, p.payload #>> '{}' from pgconductor.executions e join pgconductor.payloads p on p.execution_id = e.id $$, $$ values (null::jsonb, repeat('x', 9000)) $$, 'is stored apart');
select is(pgconductor._replace_waiting(test.id(3), 'default', null, '2025-01-15 11:00+00', 0, null), true, 'none at all');
select is((select count(*) from pgconductor.payloads), 0::bigint, 'leaves nothing of it');
select is(array[test.claim(1, 'default', 2) = array[test.id(1), test.id(2)], test.finish(1, test.id(2), 'failed') = 'retried'], '{t,t}', 'one runs, one waits for its retry');
select is(array[pgconductor._replace_waiting(test.id(1), 'default', '1', '2025-01-15 11:00+00', 0, null), pgconductor._replace_waiting(test.id(2), 'default', '1', '2025-01-15 11:00+00', 0, null)],
    '{f,f}', 'what has started is left alone');
select * from finish();
rollback;
