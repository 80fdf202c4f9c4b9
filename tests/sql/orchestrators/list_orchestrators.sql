begin;
select plan(3);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select is_empty('select * from pgconductor.list_orchestrators()', 'nobody');
select lives_ok($$ select test.worker(2, 'b', 't'), test.worker(2, 'a', 't'); select test.pass('10 seconds'); select pgconductor.register_orchestrator(test.id(1), 'idle', '2', 1);
    select pgconductor.invoke('t', p_queue => 'a', p_id => test.id(n)) from generate_series(10, 14) n; select test.claim(2, 'a', 3); select test.claim(2, 'a', 2); select test.finish(2, test.id(10), 'completed') $$, 'two');
select results_eq('select id, name, version, started_at, silent_seconds, draining, queues, leases, running from pgconductor.list_orchestrators()',
    $$ values (test.id(2), 'test-2', '1.0', timestamptz '2025-01-15 10:00+00', 10::double precision, false, '{a,b}'::text[], 2::bigint, 4::bigint),
        (test.id(1), 'idle', '2', '2025-01-15 10:00:10+00', 0, false, '{}', 0, 0) $$, 'what they serve and hold');
select * from finish();
rollback;
