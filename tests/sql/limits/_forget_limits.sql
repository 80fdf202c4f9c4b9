begin;
select plan(13);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select is(pgconductor._forget_limits(10), 0::bigint, 'nothing is limited');
select lives_ok($$ select pgconductor.register_orchestrator(test.id(1), 'o', '1', 1);
    select pgconductor.register_worker(test.id(1), 'default', '[{"key": "t", "limits": {"key": "c", "concurrency_per_key": 1}}, {"key": "r", "limits": {"key": "c", "rate_per_key": {"count": 1, "seconds": 60}}}]');
    select pgconductor.invoke('t', jsonb_build_object('c', n), p_id => test.id(n)) from generate_series(1, 2) n $$, 'two keys');
select is(cardinality(test.claim(1, 'default', 10)), 2, 'run');
select is(test.finish(1, test.id(1), 'completed'), 'completed', 'one ends');
select is(pgconductor._forget_limits(10), 0::bigint, 'what runs stays, and a slot given back until a claim has counted it');
update pgconductor.limits set running = 0 where key = '=2';
select is(pgconductor._forget_limits(10), 1::bigint, 'one that runs nothing');
select is((select array_agg(key) from pgconductor.limits), '{=1}', 'goes');

-- Buckets.
insert into pgconductor.limits values ('r', '=a', 0, 0, pgconductor.current_time() - interval '30 seconds'), ('r', '=b', 0, 0, pgconductor.current_time() - interval '1 minute');
select is(pgconductor._forget_limits(10), 1::bigint, 'one is full');
select is((select array_agg(key) from pgconductor.limits where task_key = 'r'), '{=a}', 'and forgotten');
insert into pgconductor.freed_slots values ('gone', '', 1);
select is(pgconductor._forget_limits(10), 1::bigint, 'slots of limits that are gone');
select is_empty($$ select from pgconductor.freed_slots where task_key = 'gone' $$, 'too');
insert into pgconductor.limits select 'r', '=' || n, 0, 0, pgconductor.current_time() - interval '1 day' from generate_series(1, 20) n;
select is(array[pgconductor._forget_limits(15), pgconductor._forget_limits(15)], '{15,5}', 'so many at a time');
insert into pgconductor.limits select 'r', '=' || n, 0, 0, pgconductor.current_time() - interval '1 day' from generate_series(1, 3) n;
select is((select deleted from pgconductor.maintain()), 3::bigint, 'housekeeping does it');
select * from finish();
rollback;
