begin;
select plan(8);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't'), test.worker(2, 'default', 't'); select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(10, 17) n $$, 'eight');
select test.claim(1, 'default', 3), test.claim(1, 'default', 2), test.claim(2, 'default', 2);
select test.pass('1 minute');
select is(cardinality(test.claim(1, 'default', 1)), 1, 'four leases, the last one young');
select is(test.finish(1, test.id(11), 'completed'), 'completed', 'one position of the first is done');
create temp table l as select id, row_number() over (order by id) as n from pgconductor.leases;
select is(pgconductor._release_lost_leases(test.id(1), array[(select id from l where n = 2)], pgconductor.current_time() - interval '30 seconds', pgconductor.current_time()), 2,
    'only the first is its own, unknown to it, and old');
select is((select array_agg(n order by n) from l where id in (select id from pgconductor.leases)), '{2,3,4}', 'the others stay');
select is((select array_agg((test.state(e.id), attempts)::text order by e.id) from pgconductor.executions e), array['(ready,0)', '(ready,0)'], 'as if never started');
select is(test.state(test.id(11)), 'completed', 'what was done is done');
select is(pgconductor._release_lost_leases(test.id(1), (select array_agg(id) from pgconductor.leases), pgconductor.current_time(), pgconductor.current_time()), 0, 'all known: nothing');
select * from finish();
rollback;
