begin;
select plan(34);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select lives_ok($$ select test.worker(1, 'default', 't', 'kill'), test.worker(2, 'default', 't', 'kill'); update pgconductor.tasks set max_attempts = 3 where key = 'kill' $$, 'two processes');
select lives_ok($$ select pgconductor.invoke('t', '{"p": 1}', p_id => test.id(n), p_dedupe_key => 'k' || n, p_priority => 5) from generate_series(10, 14) n $$, 'five');
select is(array[cardinality(test.claim(1, 'default', 3)), cardinality(test.claim(1, 'default', 2))], '{3,2}', 'the first claims them, in two leases');
select is(array[test.finish(1, test.id(10), 'completed'), test.finish(1, test.id(11), 'failed', 'handler')], '{completed,retried}', 'and has outcomes for two');

-- kill -9.
select test.pass('29 seconds');
select alive from pgconductor.orchestrator_heartbeat(test.id(2), '1 hour');
select results_eq('select * from pgconductor.recover_stale_orchestrators()', 'values (0, 0, 0)', 'silent for 29 s: not yet');
select test.pass('1 second');
select results_eq('select * from pgconductor.recover_stale_orchestrators()', 'values (1, 3, 0)', 'silent for 30 s: the three unfinished are rescued');
select is((select array_agg(id) from pgconductor.orchestrators), array[test.id(2)], 'the living one stays');
select is((select count(*) from pgconductor.leases), 0::bigint, 'no lease is left');
select results_eq($$ select id, test.state(id), attempts, priority, payload, dedupe_key from pgconductor.executions where id <> test.id(11) order by id $$,
    $$ select test.id(n), 'ready', 1::smallint, 5::smallint, '{"p": 1}'::jsonb, ('k' || n) collate "C" from generate_series(12, 14) n $$, 'ready at once, the attempt counted, nothing else changed');
select is((select array_agg(distinct errors #>> '{0,type}') from pgconductor.executions where id <> test.id(11)), '{Crashed}', 'with an error that says crashed');
select is((select errors #>> '{0,message}' from pgconductor.executions where id = test.id(12)), format('its process (orchestrator %s) stopped answering', test.id(1)), 'and whose process');
select is(array[test.state(test.id(10)), test.state(test.id(11))], '{completed,ready}', 'what had its outcome keeps it');
select is((select count(*) from pgconductor.dedupe_keys), 4::bigint, 'and what waits its key');

-- The dead one comes back.
select is((select array_agg(effect) from pgconductor.return_executions(test.id(1), '{1,2,3,4,5,6,7,8}')), array_fill('rejected'::text, array[8]), 'its late results are rejected');
select results_eq('select * from pgconductor.recover_stale_orchestrators()', 'values (0, 0, 0)', 'once');
select is(cardinality(test.claim(2, 'default', 10)), 4, 'the other one runs them, and the one that waited for its retry');

-- A job that kills its process: its attempts, then the dead letters.
delete from pgconductor.leases;
delete from pgconductor.executions;
select lives_ok($$ select pgconductor.invoke('kill', p_id => test.id(20)) $$, 'a killer');
create function pg_temp.die() returns text language plpgsql as $$
begin
    perform test.worker(3, 'default', 't', 'kill');
    if cardinality(test.claim(3, 'default', 1)) = 0 then
        return 'nothing to run';
    end if;
    perform test.pass('30 seconds');
    perform pgconductor.orchestrator_heartbeat(test.id(2), '1 hour');
    return (select (rescued, dead_lettered)::text from pgconductor.recover_stale_orchestrators());
end
$$;
select is(pg_temp.die(), '(1,0)', 'the first process');
select is(pg_temp.die(), '(1,0)', 'the second');
select is(pg_temp.die(), '(0,1)', 'the third: quarantined');
select is(pg_temp.die(), 'nothing to run', 'and no fourth');
select is(array[test.state(test.id(20)), (select attempts || ' ' || jsonb_array_length(errors) from pgconductor.failed_executions where id = test.id(20))], array['failed', '3 3'], 'with its attempts and an error of each');

-- Owners that never registered.
delete from pgconductor.orchestrators;
insert into pgconductor.executions (id, task_key) values (test.id(30), 'sql'), (test.id(31), 'sql');
select is((select count(*) from pgconductor.get_executions('sql', test.id(77), 1)), 1::bigint, 'a claim in plain SQL');
select test.pass('29 seconds');
select is((select count(*) from pgconductor.get_executions('sql', test.id(77), 1)), 1::bigint, 'and another, later');
select test.pass('1 second');
select results_eq('select * from pgconductor.recover_stale_orchestrators()', 'values (0, 1, 0)', 'thirty seconds after its claim the first is rescued; the second still has its time');
select matches((select errors #>> '{0,message}' from pgconductor.executions where id = test.id(30)), 'not registered', 'for what reason');
select is(test.state(test.id(31)), 'running', 'the second runs');
select results_eq($$ select * from pgconductor.recover_stale_orchestrators('1 second') $$, 'values (0, 1, 0)', 'the time is an option');

-- Many dead at once: four a call, the longest silent first, and the beat says that more are due.
delete from pgconductor.leases;
select lives_ok($$ select test.worker(n, 'default', 't'), test.pass('1 second') from generate_series(101, 110) n; select test.pass('1 minute'); select test.worker(2, 'default', 't') $$, 'ten die');
select results_eq('select orchestrators from pgconductor.recover_stale_orchestrators()', 'values (4)', 'four are taken over');
select is((select array_agg(id) from pgconductor.orchestrators where id between test.id(101) and test.id(104)), null, 'those silent for longest');
select is((select (recovered_orchestrators, next_takeover)::text from pgconductor.orchestrator_heartbeat(test.id(2))), '(4,00:00:00)', 'a beat takes four more, and says that more are due at once');
select results_eq('select orchestrators from pgconductor.recover_stale_orchestrators()', 'values (2)', 'the last two');
select results_eq('select orchestrators from pgconductor.recover_stale_orchestrators()', 'values (0)', 'and none');
select * from finish();
rollback;
