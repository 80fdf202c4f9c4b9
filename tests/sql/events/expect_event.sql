begin;
select plan(15);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.expect(orchestrator integer, n integer, more text default '{}') returns boolean language sql as $$
    select pgconductor.expect_event(test.id(orchestrator), l.id, array_position(l.ids, test.id(n)), '{"name": "e", "ordinal": 1, "key": "paid"}' || more::jsonb)
    from pgconductor.leases l where test.id(n) = any (l.ids) $$;
select lives_ok($$ select test.worker(1, 'default', 't'); update pgconductor.tasks set keep_completed = '0'; select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(1, 3) n; select test.claim(1, 'default', 10) $$, 'three run');
select is(pg_temp.expect(1, 1, '{"seconds": 60}'), true, 'one expects an event');
select is(test.steps(test.id(1)), 'e waiting', 'from now on');
select results_eq('select plain, stepped from pgconductor.leases', $$ values (false, '{1}'::smallint[]) $$, 'its lease knows');
select is((select deadline from pgconductor.steps), '2025-01-15 10:01+00', 'its limit counts from now');
select is(pg_temp.expect(1, 1, '{"key": "other"}'), true, 'once more');
select is((select key from pgconductor.steps), 'paid', 'changes nothing');
select is(pg_temp.expect(2, 2), false, 'another orchestrator''s lease: no');
select lives_ok($$ select pgconductor._deliver_event(test.id(50), 'paid', '{"order": 7}', null, false) $$, 'the event comes while it runs');
select is(test.wait(1, test.id(1), '[]', 'e'), 'suspended', 'it suspends to wait for it');
select is(test.state(test.id(1)) || ' ' || test.steps(test.id(1)), 'ready e done {"order": 7}', 'and is ready, with the event');
select is(test.finish(1, test.id(3), 'completed'), 'completed', 'one ends');
select is(pg_temp.expect(1, 3), false, 'it expects nothing any more');
select throws_ok($$ select pg_temp.expect(1, 2, '{"key": ""}') $$, 'PC004', null, 'a key that cannot be: PC004');
select throws_ok($$ select pg_temp.expect(1, 2, '{"detail": {"match": {"path": "$.a"}}}') $$, 'PC004', null, 'a match that cannot be: PC004');
select * from finish();
rollback;
