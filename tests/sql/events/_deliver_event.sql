begin;
select plan(18);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.wait(n integer, name text, key text, more text default '{}') returns text language sql as $$
    select test.wait(1, test.id(n), jsonb_build_array(jsonb_build_object('name', name, 'ordinal', 1, 'kind', 'event', 'key', key) || more::jsonb)) $$;
create function pg_temp.deliver(n integer, key text, payload text, repeated boolean default false) returns void language sql as $$ select pgconductor._deliver_event(test.id(n), key, payload::jsonb, null, repeated) $$;
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(1, 6) n; select test.claim(1, 'default', 10) $$, 'six run');
select is(array[pg_temp.wait(1, 'e', 'paid'), pg_temp.wait(2, 'e', 'paid', '{"detail": {"match": {"contains": {"order": 7}}}}'), pg_temp.wait(3, 'e', 'paid', '{"detail": {"match": {"path": "$.order > 100"}}}'),
    pg_temp.wait(4, 'e', 'shipped'), pg_temp.wait(5, 'e', 'paid', '{"seconds": 60}')], '{suspended,suspended,suspended,suspended,suspended}', 'five wait');
select lives_ok($$ select pg_temp.deliver(100, 'paid', '{"order": 7}') $$, 'an event');
select is((select array_agg(test.state(test.id(n)) order by n) from generate_series(1, 5) n), '{ready,ready,waiting,waiting,ready}', 'wakes those whose key and match it is');
select is(test.steps(test.id(2)), 'e done {"order": 7}', 'with its payload');
select lives_ok($$ select pg_temp.deliver(101, 'paid', '{"order": 700}') $$, 'another');
select is(array[test.steps(test.id(1)), test.steps(test.id(3))], '{"e done {\"order\": 7}","e done {\"order\": 700}"}', 'goes to who still waits');
select is(cardinality(test.claim(1, 'default', 10)), 4, 'they run again');
select is(pg_temp.wait(1, 'e2', 'paid'), 'suspended', 'one waits for the next of the key');
select lives_ok($$ select pg_temp.deliver(100, 'paid', '{"order": 7}', true) $$, 'an event that is delivered again');
select is(test.steps(test.id(1)), 'e done {"order": 7}, e2 waiting', 'is not the next');
select lives_ok($$ select pg_temp.deliver(102, 'paid', 'null') $$, 'a new one');
select is(test.state(test.id(1)), 'ready', 'is, null as it may be');

select is(pg_temp.wait(2, 'late', 'paid', '{"seconds": 10}'), 'suspended', 'a wait with a limit');
select lives_ok($$ select test.pass('10 seconds'); select pg_temp.deliver(103, 'paid', '1') $$, 'an event after it');
select is(test.steps(test.id(2)), 'e done {"order": 7}, late expired', 'is too late');
-- A match that fails is no match, and written down; the others get the event.
select lives_ok($$ update pgconductor.steps set detail = '{"queue": "default", "match": {"path": "broken ("}}' where key = 'shipped'; select pg_temp.wait(3, 'ok', 'shipped'); select pg_temp.deliver(104, 'shipped', '1') $$, 'a broken match');
select is((select array[test.state(test.id(3)), test.state(test.id(4)), execution_id::text] from pgconductor.event_failures), array['ready', 'waiting', test.id(4)::text], 'harms nobody else');
select * from finish();
rollback;
