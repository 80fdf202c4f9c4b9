begin;
select plan(41);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't', 'none'); update pgconductor.tasks set keep_failed = '0' where key = 'none' $$, 'a worker');

-- Not running: ready, scheduled, waiting for a retry.
select lives_ok($$ select pgconductor.invoke('t', '{"p": 1}', p_id => test.id(1), p_dedupe_key => 'k', p_priority => 3, p_max_attempts => 4, p_trace_parent => 'trace');
    select pgconductor.invoke('t', p_id => test.id(2), p_run_at => '2025-01-20 00:00+00') $$, 'ready and scheduled');
select is(pgconductor.cancel_execution(test.id(1), 'not needed'), 'cancelled', 'ready: cancelled');
select results_eq($$ select cancelled, reason, payload, priority, attempts, max_attempts, dedupe_key, trace_parent, started_at, finished_at, expires_at from pgconductor.failed_executions where id = test.id(1) $$,
    $$ values (true, 'not needed', '{"p": 1}'::jsonb, 3::smallint, 0::smallint, 4::smallint, 'k'::text collate "C", 'trace', null::timestamptz, timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-29 10:00+00') $$, 'with everything that is known of it');
select is((select count(*) from pgconductor.dedupe_keys), 0::bigint, 'its key is free');
select is(pgconductor.cancel_execution(test.id(2)), 'cancelled', 'scheduled: cancelled');
select is(test.reason(test.id(2)), 'cancelled', 'the reason nobody gave');
select is(test.claim(1, 'default', 10), '{}', 'neither is claimed');

-- Finished, or unknown.
select is(pgconductor.cancel_execution(test.id(1)), 'finished', 'cancelled already: finished');
select is(test.reason(test.id(1)), 'not needed', 'and the first reason stays');
select is(pgconductor.cancel_execution(test.id(999)), 'unknown', 'never heard of: unknown');
select is(pgconductor.cancel_execution(null), 'unknown', 'null: unknown');

-- Running.
select lives_ok($$ select pgconductor.invoke('t', p_id => test.id(n), p_dedupe_key => n::text) from generate_series(10, 15) n $$, 'six');
select is(cardinality(test.claim(1, 'default', 10)), 6, 'run');
select is(pgconductor.cancel_execution(test.id(10), 'stop'), 'requested', 'running: requested');
select is(test.state(test.id(10)), 'running', 'it runs on until its handler stops');
select is((select (signal_kinds[1], signal_executions[1], signal_reasons[1])::text from pgconductor.orchestrator_heartbeat(test.id(1))), ('cancel', test.id(10), 'stop')::text, 'its orchestrator is told');
select is(pgconductor.cancel_execution(test.id(10), 'stop at once'), 'requested', 'once more');
select is((select cardinality(signal_ids) from pgconductor.orchestrator_heartbeat(test.id(1))), 1, 'is the same signal');
select is(test.reason(test.id(10)), 'stop', 'and the first reason');
select is(test.finish(1, test.id(10), 'failed', 'aborted'), 'cancelled', 'the handler stops with an error: cancelled, not retried');
select is(array[test.state(test.id(10)), test.reason(test.id(10))], '{cancelled,stop}', 'with the reason of the cancellation');
select is((select errors #>> '{0,message}' from pgconductor.failed_executions where id = test.id(10)), 'aborted', 'and the error kept beside it');
select is(pgconductor.cancel_execution(test.id(10)), 'finished', 'then it is finished');

select is(pgconductor.cancel_execution(test.id(11), 'late'), 'requested', 'another');
select is(test.finish(1, test.id(11), 'completed'), 'completed', 'completes first: completed');
select is(pgconductor.cancel_execution(test.id(12), 'crash'), 'requested', 'another, whose process');
select test.pass('31 seconds');
select results_eq($$ select orchestrators, rescued, dead_lettered from pgconductor.recover_stale_orchestrators() $$, $$ values (1, 3, 0) $$, 'dies: the others are rescued');
select is(array[test.state(test.id(12)), test.reason(test.id(12))], '{cancelled,crash}', 'it is cancelled, not run again');
select is((select array_agg(key::text order by key) from pgconductor.dedupe_keys), '{13,14,15}', 'keys of the cancelled are free, of the rescued not');

-- Running for the second time, while the lease of its first attempt is still there for others.
select lives_ok($$ select test.worker(2, 'default', 't', 'none'); select test.claim(2, 'default', 10) $$, 'the three rescued run again, in one lease');
select is(test.finish(2, test.id(14), 'failed', 'x', 0), 'retried', 'one of them fails and is retried at once');
select is(test.claim(2, 'default', 10), array[test.id(14)], 'and runs, in a lease of its own');
select is(pgconductor.cancel_execution(test.id(14), 'second'), 'requested', 'it is found where it runs, not where it ran');
select is(array[test.finish(2, test.id(14), 'failed'), test.reason(test.id(14))], '{cancelled,second}', 'and ends as cancelled');
select is(pgconductor.cancel_execution(test.id(13), null), 'requested', 'a null reason');
select is(array[test.finish(2, test.id(13), 'released'), test.reason(test.id(13))], '{cancelled,cancelled}', 'is a reason too; handed back it is cancelled');

-- Nothing kept; large payloads; owners that never registered.
select lives_ok($$ select pgconductor.invoke('none', to_jsonb(repeat('x', 9000)), p_id => test.id(30)) $$, 'large, of a task that keeps nothing');
select is(pgconductor.cancel_execution(test.id(30)), 'cancelled', 'cancelled');
select is(array[test.state(test.id(30)), (select count(*)::text from pgconductor.payloads)], '{null,0}', 'without a trace');
insert into pgconductor.executions (id, task_key) values (test.id(31), 'sql');
select is(array[(select count(*)::text from pgconductor.get_executions('sql', test.id(77), 1)), pgconductor.cancel_execution(test.id(31))], '{1,requested}', 'an owner that never registered: requested, without a signal');

select * from finish();
rollback;
