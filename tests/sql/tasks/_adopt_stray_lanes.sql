begin;
select plan(11);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select lives_ok($$ select test.worker(1, 'default', 's', 'w') $$, 'a worker');
select is((select array_agg(lane) from pgconductor.tasks where key in ('s', 'w')), '{"",""}', 'of plain tasks');
select lives_ok($$
    update pgconductor.tasks set paused = true where key = 'w';
    insert into pgconductor.executions (id, task_key, lane, priority, run_at)
        select test.id(n), 's', 's', n % 3, '2025-01-15 09:00:00+00' from generate_series(1, 1002) n;
    insert into pgconductor.executions (id, task_key, lane) values (test.id(2000), 'w', 'w'), (test.id(2001), 'elsewhere', 'elsewhere') $$,
    '1002 rows in the lane that the task has left; others in lanes that are in use');
select is(test.claim(1, 'default', 1), '{}', 'no claim looks there');
select pgconductor._adopt_stray_lanes(test.id(1));
select is((select array_agg(n order by lane) from (select lane, count(*) as n from pgconductor.executions where task_key = 's' group by lane) s),
    '{1000,2}', 'a thousand are moved by one call');
select alive from pgconductor.orchestrator_heartbeat(test.id(1));
select is((select count(*) from pgconductor.executions where task_key = 's' and lane = ''), 1002::bigint, 'the rest by the next heartbeat');
select is((select array_agg(lane order by lane) from pgconductor.executions where task_key in ('w', 'elsewhere')), '{elsewhere,w}', 'the others stay');
select is(cardinality(test.claim(1, 'default', 2000)), 1002, 'and the strays are claimed');

-- A task that got limits, or lost them, while somebody enqueued.
select pgconductor.register_worker(test.id(1), 'default', '[{"key": "s", "limits": {"concurrency": 1000}}, {"key": "w"}]');
insert into pgconductor.executions (id, task_key, lane) values (test.id(3001), 's', 's'), (test.id(3002), 's', pgconductor._own_lane('s', true)), (test.id(3003), 'w', pgconductor._own_lane('w', true));
select pgconductor._adopt_stray_lanes(test.id(1));
select results_eq($$ select id, lane from pgconductor.executions where id >= test.id(3001) order by id $$,
    $$ values (test.id(3001), pgconductor._own_lane('s', true) collate "C"), (test.id(3002), pgconductor._own_lane('s', true)), (test.id(3003), 'w') $$, 'all are in the lanes their tasks have');
select is((select array_agg(i order by i) from unnest(test.claim(1, 'default', 10)) i), array[test.id(3001), test.id(3002)], 'and claimed');
update pgconductor.tasks set paused = false where key = 'w';
select is((select array_agg(i order by i) from unnest(test.claim(1, 'default', 10)) i), array[test.id(2000), test.id(3003)], 'a paused one''s when it goes on');

select * from finish();
rollback;
