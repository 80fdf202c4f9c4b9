-- The policies as callers see them are in invoke's file; who wins when two take a key at once is in concurrency/dedupe.sh.
begin;
select plan(10);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.take(policy text, id integer) returns text language sql as $$
    select (execution_id, disposition)::text
    from pgconductor._take_dedupe_key('t', 'k', policy, test.id(id), 'default', '{}', null, pgconductor.current_time(), 0, null)
$$;
select is(pg_temp.take('reject', 1), (test.id(1), 'created')::text, 'a free key is taken');
select results_eq('select task_key, key, execution_id, queue from pgconductor.dedupe_keys',
    $$ values ('t'::text collate "C", 'k'::text collate "C", test.id(1), 'default'::text collate "C") $$, 'and noted');
select is(pg_temp.take('reject', 1), (test.id(1), 'created')::text, 'the same call, whose execution never came: created again');
insert into pgconductor.executions (id, task_key, lane, dedupe_key) values (test.id(1), 't', '', 'k');
select is(pg_temp.take('reject', 1), (test.id(1), 'existing')::text, 'the same call, whose execution waits: existing');
select is(pg_temp.take('return_existing', 2), (test.id(1), 'existing')::text, 'another gets the holder');
select throws_like($$ select pg_temp.take('reject', 2) $$, '%"k"%' || test.id(1) || '%', 'a refusal names the key and the holder');
select is(pg_temp.take('replace_pending', 2), (test.id(1), 'replaced')::text, 'a pending holder is replaced');
delete from pgconductor.executions;
select is(pg_temp.take('replace_pending', 2), (test.id(2), 'created')::text, 'one that is not pending is left behind');

-- One that has begun, and waits between its steps, is not replaced.
insert into pgconductor.tasks (key) values ('begun') on conflict do nothing;
insert into pgconductor.executions (id, task_key, lane, run_at, payload, flow) values (test.id(95), 'begun', '', 'infinity', '"first"', '{"waiting": true}');
insert into pgconductor.dedupe_keys values ('begun', 'k', test.id(95), 'default');
select is((select disposition from pgconductor._take_dedupe_key('begun', 'k', 'replace_pending', test.id(96), 'default', '"second"', null, now(), 0, null)), 'created', 'replace_pending finds one with steps: a new one is enqueued behind it');
select is((select payload from pgconductor.executions where id = test.id(95)), '"first"', 'and the first goes on as it was');
select * from finish();
rollback;
