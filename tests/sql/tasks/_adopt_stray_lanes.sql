begin;
select plan(8);
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

select * from finish();
rollback;
