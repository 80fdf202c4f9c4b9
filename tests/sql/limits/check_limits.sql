begin;
select plan(10);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.register_orchestrator(test.id(1), 'o', '1', 1);
    select pgconductor.register_worker(test.id(1), 'default', '[{"key": "t", "limits": {"concurrency": 3, "key": "c", "concurrency_per_key": 1}}, {"key": "r", "limits": {"key": "c", "rate_per_key": {"count": 1, "seconds": 60}}}]');
    select pgconductor.invoke('t', jsonb_build_object('c', n / 2), p_id => test.id(n)) from generate_series(2, 5) n $$, 'four of two keys');
select is(cardinality(test.claim(1, 'default', 10)), 2, 'two run');
select is_empty('select * from pgconductor.check_limits()', 'all is right');
select is(test.finish(1, test.id(2), 'completed'), 'completed', 'one ends');
select is_empty('select * from pgconductor.check_limits()', 'a slot given back and not counted yet is right too');

update pgconductor.limits set running = running + 2 where key = '';
insert into pgconductor.limits values ('t', '=9', 1, null, null);
insert into pgconductor.held_lanes values ('t', '=9', 'default', 'nowhere', 0, 'infinity');
select results_eq('select task_key, key, running, actual from pgconductor.check_limits() order by key', $$ values ('t', '', 4, 2), ('t', '=9', 1, 0) $$, 'what is wrong is told');
select results_eq('select key, running from pgconductor.limits order by key', $$ values ('' collate "C", 2), ('=1', 1), ('=2', 1), ('=9', 0) $$, 'and right');
select is((select opens_at from pgconductor.held_lanes where key = '=9'), pgconductor.current_time(), 'what waited for it is looked at');
select is_empty('select * from pgconductor.check_limits()', 'once');
delete from pgconductor.limits where key = '=2';
select is_empty('select * from pgconductor.check_limits()', 'a counter that is not there is none');

select * from finish();
rollback;
