begin;
select plan(10);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.queues (name) values ('other');
insert into pgconductor.tasks (key, queue) values ('t', 'other');
create function pg_temp.start(n integer, more jsonb) returns void language sql as $$
    select pgconductor._start_child(test.id(1), 'mine', 'c', jsonb_build_object('id', test.id(n), 'task', 't', 'payload', n) || more, '2025-01-15 10:00+00') $$;
select lives_ok($$ select pg_temp.start(10, '{}') $$, 'a child');
select results_eq($$ select queue, task_key, payload, run_at, created_at, priority, max_attempts, attempts, flow from pgconductor.executions $$,
    $$ values ('other'::text collate "C", 't'::text collate "C", '10'::jsonb, timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00+00', 0::smallint, null::smallint, 0::smallint,
        jsonb_build_object('parent', test.id(1), 'queue', 'mine', 'step', 'c')) $$, 'on its task''s queue, with its parent');
select lives_ok($$ select pg_temp.start(10, '{"payload": 99}') $$, 'once more');
select is((select payload from pgconductor.executions), '10', 'changes nothing');
select lives_ok($$ select pg_temp.start(11, '{"queue": "default", "priority": 5, "max_attempts": 2, "delay": 60, "trace_parent": "trace"}') $$, 'with options');
select results_eq($$ select queue, priority, max_attempts, run_at, trace_parent from pgconductor.executions where id = test.id(11) $$,
    $$ values ('default'::text collate "C", 5::smallint, 2::smallint, timestamptz '2025-01-15 10:01+00', 'trace') $$, 'it has them');
select lives_ok($$ select pg_temp.start(12, jsonb_build_object('payload', repeat('x', 9000))) $$, 'a large payload');
select results_eq($$ select e.payload, e.large_payload_bytes > 9000, length(p.payload #>> '{}') from pgconductor.executions e join pgconductor.payloads p on p.execution_id = e.id $$, $$ values (null::jsonb, true, 9000) $$, 'is stored apart');
select throws_ok($$ select pg_temp.start(13, '{"priority": 500}') $$, 'PC004', null, 'a priority that cannot be: PC004');
select lives_ok($$ select pg_temp.start(14, '{"task": "new"}') $$, 'a task nobody registered yet');
select * from finish();
rollback;
