begin;
select plan(17);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.resolve(n integer, name text, failed boolean default false, result text default '1') returns void language sql as $$
    select pgconductor._resolve_waits(array[test.id(n)], '{default}', array[name], array[failed], array[result::jsonb], pgconductor.current_time()) $$;
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(1, 3) n; select test.claim(1, 'default', 10) $$, 'three run');
select is(array[test.wait(1, test.id(1), '[{"name": "e", "kind": "event", "key": "k"}]'),
    test.wait(1, test.id(2), '[{"name": "g", "kind": "all", "pending": 2}, {"name": "g/0", "kind": "x", "group": "g"}, {"name": "g/1", "kind": "x", "group": "g"}, {"name": "one", "kind": "x", "seconds": 600}]'),
    test.wait(1, test.id(3), '[{"name": "s", "kind": "sleep", "seconds": 60}]')], '{suspended,suspended,suspended}', 'one waits, one for a group and one more, one sleeps');
select is((select array_agg(test.state(test.id(n)) order by n) from generate_series(1, 3) n), '{waiting,waiting,scheduled}', 'which is their state');
select is((select array_agg(run_at order by id) from pgconductor.executions), '{infinity,2025-01-15 10:10+00,2025-01-15 10:01+00}'::timestamptz[], 'due: never, at the first limit, after the sleep');
select test.pass('1 second');
select lives_ok($$ select pg_temp.resolve(1, 'e', false, '{"order": 7}') $$, 'an outcome');
select is(array[test.state(test.id(1)), test.steps(test.id(1))], '{ready,"e done {\"order\": 7}"}', 'wakes who waited for it');
select is((select bytes > 0 and finished_at = '2025-01-15 10:00:01+00' from pgconductor.steps where name = 'e'), true, 'and is a step like any other');
select lives_ok($$ select pg_temp.resolve(1, 'e', true, '{"order": 8}') $$, 'a second one');
select is(test.steps(test.id(1)), 'e done {"order": 7}', 'changes nothing');
select lives_ok($$ select pg_temp.resolve(2, 'g/1', true, '"no"') $$, 'the first of a group');
select is(array[test.state(test.id(2)), test.steps(test.id(2))], '{waiting,"g waiting, g/0 waiting, g/1 failed no, one waiting"}', 'wakes nobody');
select lives_ok($$ select pg_temp.resolve(2, 'g/0') $$, 'the last of it');
select is(array[test.state(test.id(2)), test.steps(test.id(2))], '{ready,"g done, g/0 done 1, g/1 failed no, one waiting"}', 'does');
select is((select cardinality(array_agg(c.id)) from pgconductor.claim_executions(test.id(1), 'default', 10) c), 2, 'both run again');
select lives_ok($$ select pg_temp.resolve(2, 'one') $$, 'an outcome while it runs');
select is(test.steps(test.id(2)), 'g done, g/0 done 1, g/1 failed no, one done 1', 'is stored');
select lives_ok($$ select pg_temp.resolve(9, 'nothing') $$, 'one that nobody waits for is passed over');
select * from finish();
rollback;
