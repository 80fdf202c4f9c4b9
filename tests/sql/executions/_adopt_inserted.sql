begin;
select plan(19);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

insert into pgconductor.executions (task_key) values ('new');
select results_eq('select run_at, created_at, queue, lane, payload, priority, attempts from pgconductor.executions',
    $$ values (timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00+00', 'default'::text collate "C", 'new'::text collate "C", '{}'::jsonb, 0::smallint, 0::smallint) $$, 'a task key is enough');
select is((select lane from pgconductor.tasks where key = 'new'), 'new', 'the task is made');
insert into pgconductor.tasks (key, lane) values ('plain', '');
insert into pgconductor.executions (id, task_key) values (test.id(1), 'plain');
select is((select lane from pgconductor.executions where id = test.id(1)), '', 'the lane is the task''s');
insert into pgconductor.executions (id, task_key, lane) values (test.id(2), 'plain', 'given');
select is((select lane from pgconductor.executions where id = test.id(2)), 'given', 'a given lane stays');
insert into pgconductor.executions (id, task_key) select test.id(10 + n), 'plain' from generate_series(1, 3) n;
select is((select count(*) from pgconductor.executions where task_key = 'plain' and lane = ''), 4::bigint, 'several rows in one statement');

select throws_ok($$ insert into pgconductor.executions (task_key, queue) values ('plain', 'nowhere') $$, 'PC002', null, 'an unknown queue: PC002');
select throws_ok($$ insert into pgconductor.executions (task_key, priority) values ('plain', 500) $$, 'PC004', 'priority 500 is out of range', 'a priority out of range: PC004, by name');
select lives_ok($$ insert into pgconductor.executions (id, task_key, run_at) values (test.id(60), 'new', 'infinity') $$, 'run_at infinity: waiting');
select throws_ok($$ insert into pgconductor.executions (task_key) values ('') $$, 'PC004', null, 'no task key: PC004');

insert into pgconductor.executions (id, task_key, payload) values (test.id(20), 'plain', to_jsonb(repeat('x', 100000))), (test.id(21), 'plain', to_jsonb(repeat('x', 8000)));
select results_eq($$ select payload is null, large_payload_bytes from pgconductor.executions where id in (test.id(20), test.id(21)) order by id $$,
    $$ values (true, 100002), (false, null) $$, 'a large payload moves out, however well it compresses; a small one stays');
select is((select array_agg(length(payload #>> '{}')) from pgconductor.payloads), '{100000}', 'whole');

insert into pgconductor.executions (id, task_key, dedupe_key) values (test.id(30), 'plain', 'k');
select is((select execution_id from pgconductor.dedupe_keys), test.id(30), 'a key is taken');
select throws_ok($$ insert into pgconductor.executions (task_key, dedupe_key) values ('plain', 'k') $$, '23505', null, 'once');
select is((select disposition from pgconductor.invoke('plain', p_dedupe_key => 'k')), 'existing', 'for invoke too');

select pgconductor.create_queue('hot', true);
insert into pgconductor.executions (id, task_key, queue) values (test.id(40), 'plain', 'hot');
select is((select lane from pgconductor.executions where id = test.id(40)), '', 'in a partition too');

select lives_ok($$ select test.worker(1, 'default', 'plain', 'new') $$, 'a worker');
select is((select count(*) from pgconductor.claim_executions(test.id(1), 'default', 100) where task_key = 'new'), 1::bigint, 'finds what was inserted before it came');
select is((select count(*) from pg_trigger where tgname = 'executions_adopt_inserted' and tgrelid = 'pgconductor.executions'::regclass and tgqual is not null), 1::bigint, 'the trigger has its condition');
prepare complete as insert into pgconductor.executions (id, task_key, lane) values (test.id(50), 'nobody', 'x');
execute complete;
select is((select count(*) from pgconductor.tasks where key = 'nobody'), 0::bigint, 'and does not fire for rows that have a lane');
select * from finish();
rollback;
