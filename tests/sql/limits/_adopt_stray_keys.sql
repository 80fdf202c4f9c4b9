begin;
select plan(9);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.register_orchestrator(test.id(1), 'o', '1', 1);
    select pgconductor.register_worker(test.id(1), 'default', '[{"key": "t", "limits": {"key": "c", "concurrency_per_key": 1}}, {"key": "u", "limits": {"concurrency": 1}}]');
    select pgconductor.invoke('t', '{"c": 1}', p_id => test.id(n)) from generate_series(1, 5) n $$, 'five of a key');
select is(cardinality(test.claim(1, 'default', 10)), 1, 'one runs, four are held');
select lives_ok('select pgconductor._adopt_stray_keys(test.id(1))', 'a look');
select is((select count(*) from pgconductor.executions where lane = pgconductor._held_lane('t', '=1')), 4::bigint, 'what is marked stays');
delete from pgconductor.held_lanes;
-- From a random place: until it has come by.
do $$ begin
    for n in 1..200 loop
        perform pgconductor._adopt_stray_keys(test.id(1));
        exit when not exists (select from pgconductor.executions where lane <> pgconductor._own_lane('t', true));
    end loop;
end $$;
select is((select array_agg(distinct lane) from pgconductor.executions), array[pgconductor._own_lane('t', true)], 'what lost its mark goes back to the lane of its task');

-- Limits that are gone.
select lives_ok($$ select pgconductor.register_worker(test.id(1), 'default', '[{"key": "t", "limits": null}, {"key": "u", "limits": null}]');
    select pgconductor._adopt_stray_keys(test.id(1)) $$, 'no limits any more');
select results_eq('select key, holds from pgconductor.tasks order by key', $$ values ('t' collate "C", true), ('u', false) $$, 'one that still runs what a former limit counted keeps its counters');
select is(cardinality(test.claim(1, 'default', 10)), 4, 'the others are not held back');
select test.finish(1, test.id(1), 'completed');
select test.claim(1, 'default', 10);
select pgconductor._adopt_stray_keys(test.id(1));
select is((select array_agg(distinct holds) from pgconductor.tasks), '{f}', 'then it is an ordinary task');
select * from finish();
rollback;
