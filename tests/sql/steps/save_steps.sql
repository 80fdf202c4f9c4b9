begin;
select plan(23);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't', 'none'); update pgconductor.tasks set keep_completed = '0';
    select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(10, 12) n; select test.claim(1, 'default', 10) $$, 'three run');
select is((select plain from pgconductor.leases), true, 'in a lease that would be forgotten as it is');
select results_eq($$ select item, effect from pgconductor.leases l cross join lateral pgconductor.save_steps(test.id(1), array[l.id, l.id, l.id, l.id], '{1,2,1,4}',
        '{a,a,b,c}', '{1,1,2,1}', '{"{\"r\": 1}",null,"3","4"}', array[timestamptz '2025-01-15 09:59+00', null, null, null], null) order by item $$,
    $$ values (1, 'saved'), (2, 'saved'), (3, 'saved'), (4, 'rejected') $$, 'several at once; a position that is none is rejected');
select results_eq($$ select execution_id, name, ordinal, kind, result, started_at, finished_at, failed, bytes > 0 from pgconductor.steps order by 1, 2 $$,
    $$ values (test.id(10), 'a'::text collate "C", 1, 'step'::text collate "C", '{"r": 1}'::jsonb, timestamptz '2025-01-15 09:59+00', timestamptz '2025-01-15 10:00+00', false, true),
        (test.id(10), 'b', 2, 'step', '3', '2025-01-15 10:00+00', '2025-01-15 10:00+00', false, true),
        (test.id(11), 'a', 1, 'step', null, '2025-01-15 10:00+00', '2025-01-15 10:00+00', false, false) $$, 'each belongs to its execution');
select results_eq($$ select plain, stepped from pgconductor.leases $$, $$ values (false, '{1,2}'::smallint[]) $$, 'the lease knows which have steps');
select is(test.step(1, test.id(10), 'a', '"other"'), 'existing', 'a stored one');
select is((select result from pgconductor.steps where name = 'a' and execution_id = test.id(10)), '{"r": 1}', 'stays as it is');
select is((select count(*) from pgconductor.leases l cross join lateral pgconductor.save_steps(test.id(1), array[l.id, l.id], '{3,3}', '{x,x}', '{1,1}') s where s.effect = 'saved'), 2::bigint,
    'twice in one call: once');
select is((select s.effect from pgconductor.leases l cross join lateral pgconductor.save_steps(test.id(2), array[l.id], '{1}', '{z}', '{1}') s), 'rejected', 'another orchestrator''s lease');
select is((select s.effect from pgconductor.save_steps(test.id(1), '{1}', '{1}', '{z}', '{1}') s), 'rejected', 'a lease that is gone');
select is(test.finish(1, test.id(10), 'completed'), 'completed', 'one ends');
select is((select s.effect from pgconductor.leases l cross join lateral pgconductor.save_steps(test.id(1), array[l.id], '{1}', '{z}', '{1}') s), 'rejected', 'what it still sends is rejected');
select is(test.steps(test.id(10)), null, 'and its steps are gone');
select is(test.steps(test.id(11)), 'a done', 'another''s are not');
select throws_ok($$ select pgconductor.save_steps(test.id(1), '{1}', '{1,2}', '{a}', '{1}') $$, 'PC004', null, 'arrays of unequal length: PC004');
select throws_ok($$ select pgconductor.save_steps(test.id(1), '{1}', '{1}', '{""}', '{1}') $$, 'PC004', null, 'no name: PC004');
select throws_ok($$ select pgconductor.save_steps(test.id(1), '{1}', '{1}', array[repeat('x', 401)], '{1}') $$, 'PC004', null, 'too long a name: PC004');

-- Closing a wait: nobody waits for the child any more.
select is(test.wait(1, test.id(11), jsonb_build_array(test.child('c', 20), test.child('d', 21, 't', '{"seconds": 5}'))), 'suspended', 'one waits for two children');
select is(test.wait(1, test.id(12), jsonb_build_array('{"name": "s", "kind": "sleep", "seconds": 5}'::jsonb)), 'suspended', 'another sleeps');
select lives_ok($$ select test.pass('5 seconds'); select test.claim(1, 'default', 10) $$, 'they run again, and the children');
select is(test.step(1, test.id(11), 'd', '{"message": "late"}', true), 'saved', 'a wait is closed as failed');
select results_eq('select execution_id, reason from pgconductor.orphans', $$ values (test.id(21), 'its parent ' || test.id(11) || ' no longer waits for it') $$, 'its child is to be cancelled');
select is(test.steps(test.id(11)), 'a done, c waiting, d failed {"message": "late"}', 'the other waits on');
select * from finish();
rollback;
