begin;
select plan(8);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select is_empty('select * from pgconductor.list_limits()', 'nothing is limited');
select lives_ok($$ select pgconductor.register_orchestrator(test.id(1), 'o', '1', 1);
    select pgconductor.register_worker(test.id(1), 'default', '[{"key": "t", "limits": {"concurrency": 3, "key": "c", "concurrency_per_key": 1, "rate_per_key": {"count": 6, "seconds": 60, "burst": 2}}}]');
    select pgconductor.invoke('t', jsonb_build_object('c', n / 3), p_id => test.id(n)) from generate_series(3, 8) n;
    select pgconductor.invoke('t', p_id => test.id(9)) $$, 'seven of two keys and none');
select is(cardinality(test.claim(1, 'default', 10)), 3, 'three run');
select results_eq('select scope, key, running, held, most, tokens, burst, rate_count, rate_seconds, waiting, opens_in from pgconductor.list_limits()', $$ values
    ('task', null, 3, 3, 3, null::double precision, null::integer, null::integer, null::double precision, 0::bigint, null::double precision),
    ('key', '1', 1, 1, 1, 1, 2, 6, 60, 2, null), ('key', '2', 1, 1, 1, 1, 2, 6, 60, 2, null), ('no key', null, 1, 1, 1, 1, 2, 6, 60, 0, null) $$, 'what each has, and what waits');
update pgconductor.limits set running = 0, tokens = 0.5 where key = '=1';
select results_eq($$ select running, held, tokens, opens_in from pgconductor.list_limits('t') where key = '1' $$, 'values (0, 1, 0.5::double precision, 5.000001::double precision)', 'a wrong counter shows, and when a token comes');
select is((select count(*) from pgconductor.list_limits('t', 2)), 2::bigint, 'no more than asked for');
select is_empty($$ select * from pgconductor.list_limits('other') $$, 'of another task');
select throws_ok('select * from pgconductor.list_limits(null, 1001)', 'PC004', 'a list of 1001 limits is not possible', 'too many');
select * from finish();
rollback;
