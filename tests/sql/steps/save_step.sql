begin;
select plan(7);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor.invoke('t', p_id => test.id(10)); select test.claim(1, 'default', 10) $$, 'one runs');
select lives_ok($$ select pgconductor.save_step(test.id(1), l.id, 1, 'a', '{"r": 1}', 3, '2025-01-15 09:00+00') from pgconductor.leases l $$, 'a step is stored');
select results_eq($$ select name, state, result, ordinal, started_at, finished_at from pgconductor.load_steps(test.id(10)) $$,
    $$ values ('a'::text, 'done', '{"r": 1}'::jsonb, 3, timestamptz '2025-01-15 09:00+00', timestamptz '2025-01-15 10:00+00') $$, 'as it was given');
select throws_ok($$ select pgconductor.save_step(test.id(1), l.id, 1, 'a', '2') from pgconductor.leases l $$, 'PC008', null, 'a stored one: PC008, so that the caller''s transaction is undone');
select throws_ok($$ select pgconductor.save_step(test.id(2), l.id, 1, 'b', '2') from pgconductor.leases l $$, 'PC008', null, 'another''s lease: PC008');
select throws_ok($$ select pgconductor.save_step(test.id(1), 1, 1, 'b', '2') $$, 'PC008', null, 'no lease: PC008');
select is(test.steps(test.id(10)), 'a done {"r": 1}', 'and nothing is stored');
select * from finish();
rollback;
