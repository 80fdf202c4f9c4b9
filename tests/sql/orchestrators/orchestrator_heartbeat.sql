begin;
select plan(36);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select results_eq($$ select alive, signal_ids, recovered_orchestrators, rescued, dead_lettered, next_takeover from pgconductor.orchestrator_heartbeat(test.id(1)) $$,
    $$ values (false, '{}'::bigint[], 0, 0, 0, null::interval) $$, 'unknown: not alive, and nothing to do');
select is((select count(*) from pgconductor.orchestrators), 0::bigint, 'a beat does not register');
select lives_ok($$ select test.worker(1, 'default', 't') $$, 'one');
select test.pass('5 seconds');
select results_eq($$ select alive, next_takeover, schema_version from pgconductor.orchestrator_heartbeat(test.id(1), p_draining => true) $$,
    $$ select true, null::interval, max(version) from pgconductor.migrations $$, 'alive; there is no other; the newest schema');
select results_eq('select last_heartbeat_at, draining from pgconductor.orchestrators', $$ values (timestamptz '2025-01-15 10:00:05+00', true) $$, 'the beat is noted, and that it drains');

-- Others.
select lives_ok($$ select test.worker(2, 'default', 't') $$, 'another');
select test.pass('10 seconds');
select is((select next_takeover from pgconductor.orchestrator_heartbeat(test.id(1))), '20 seconds', 'silent for ten: dead in twenty');
select is((select next_takeover from pgconductor.orchestrator_heartbeat(test.id(1), '12 seconds')), '2 seconds', 'by the takeover time given');
select lives_ok($$ select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(10, 13) n; select test.claim(2, 'default', 4) $$, 'the other one has four');
select test.pass('20 seconds');
select results_eq($$ select alive, recovered_orchestrators, rescued, dead_lettered, next_takeover from pgconductor.orchestrator_heartbeat(test.id(1)) $$,
    $$ values (true, 1, 4, 0, null::interval) $$, 'silent for thirty: taken over within this very beat');
select is((select array_agg(id) from pgconductor.orchestrators), array[test.id(1)], 'it is gone');
select is((select alive from pgconductor.orchestrator_heartbeat(test.id(2))), false, 'and is told so when it comes back');
select throws_ok($$ select * from pgconductor.claim_executions(test.id(2), 'default', 1) $$, 'PC001', null, 'it claims nothing');

-- Nobody takes over from itself.
select test.pass('1 hour');
select results_eq($$ select alive, recovered_orchestrators from pgconductor.orchestrator_heartbeat(test.id(1)) $$, $$ values (true, 0) $$, 'late, but nobody took over: alive');

-- Signals: given with every beat until acknowledged.
select ok(pgconductor.signal_shutdown(test.id(1), 'upgrade'), 'a signal');
select is(cardinality(test.claim(1, 'default', 1)), 1, 'something runs');
select is(pgconductor.cancel_execution((select ids[1] from pgconductor.leases), 'no'), 'requested', 'and another signal');
create temp table beat as select * from pgconductor.orchestrator_heartbeat(test.id(1));
select results_eq('select signal_kinds, signal_executions, signal_reasons from beat', $$ select '{shutdown,cancel}'::text[], array[null, ids[1]], '{upgrade,no}'::text[] from pgconductor.leases $$, 'both, oldest first');
select is((select signal_ids from pgconductor.orchestrator_heartbeat(test.id(1))), (select signal_ids from beat), 'again, until they are acknowledged');
select is((select signal_kinds from pgconductor.orchestrator_heartbeat(test.id(1), p_acknowledged => array[(select signal_ids[1] from beat)])), '{cancel}', 'one is');
select is((select signal_kinds from pgconductor.orchestrator_heartbeat(test.id(9), p_acknowledged => (select signal_ids from beat))), '{}', 'another''s acknowledgement');
select is((select signal_kinds from pgconductor.orchestrator_heartbeat(test.id(1))), '{cancel}', 'does not count');
select is((select signal_kinds from pgconductor.orchestrator_heartbeat(test.id(1), p_acknowledged => (select signal_ids from beat))), '{}', 'then the other');

-- Strays and lost leases are seen to.
update pgconductor.tasks set lane = '' where key = 't';
insert into pgconductor.executions (id, task_key, lane) values (test.id(50), 't', 't');
select is((select alive from pgconductor.orchestrator_heartbeat(test.id(1))), true, 'a beat');
select is((select lane from pgconductor.executions where id = test.id(50)), '', 'brings strays home');
select test.pass('1 minute');
select is((select alive from pgconductor.orchestrator_heartbeat(test.id(1), p_known_leases => (select array_agg(id) from pgconductor.leases))), true, 'a lease that it knows');
select is((select count(*) from pgconductor.leases), 1::bigint, 'stays');
select is((select alive from pgconductor.orchestrator_heartbeat(test.id(1), p_known_leases => '{}', p_lost_after => '2 minutes')), true, 'one that it does not know, too young');
select is((select count(*) from pgconductor.leases), 1::bigint, 'stays');
select is((select alive from pgconductor.orchestrator_heartbeat(test.id(1), p_known_leases => '{}', p_lost_after => '1 minute')), true, 'old enough');
select is((select count(*) from pgconductor.leases), 0::bigint, 'is put back');
-- Schedules.
select is((select next_schedule from pgconductor.orchestrator_heartbeat(test.id(1))), null, 'no schedule');
select lives_ok($$ select pgconductor.schedule('a', 't', '@daily'), pgconductor.schedule('b', 't', '@daily'), pgconductor.schedule('c', 't', '@daily') $$, 'three, to be looked at');
select is((select next_schedule from pgconductor.orchestrator_heartbeat(test.id(1))), '0', 'due now');
update pgconductor.schedules set look_at = case key when 'a' then timestamptz 'infinity' else pgconductor.current_time() + interval '40 days' end, paused = key = 'b';
select is((select next_schedule from pgconductor.orchestrator_heartbeat(test.id(1))), '40 days', 'those that come, not those that are paused or over');
update pgconductor.schedules set look_at = 'infinity';
select is((select next_schedule from pgconductor.orchestrator_heartbeat(test.id(1))), null, 'none comes any more');

select * from finish();
rollback;
