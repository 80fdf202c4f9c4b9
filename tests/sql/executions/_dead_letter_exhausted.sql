begin;
select plan(11);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.tasks (key, lane, max_attempts, keep_failed) values ('t', '', 3, '1 hour'), ('none', '', 1, '0');
insert into pgconductor.executions (id, task_key, lane, attempts, max_attempts, dedupe_key, large_payload_bytes, run_at) values
    (test.id(1), 't', '', 2, null, 'k1', null, '2025-01-15 09:02+00'), (test.id(2), 't', '', 3, null, 'k2', 10, '2025-01-15 09:01+00'), (test.id(3), 't', '', 3, 4, null, null, '2025-01-15 09:00+00'),
    (test.id(4), 't', '', 1, 1, null, null, '2025-01-15 09:00+00'), (test.id(5), 'none', '', 1, null, null, 10, '2025-01-15 09:00+00');
insert into pgconductor.dedupe_keys values ('t', 'k1', test.id(1), 'default'), ('t', 'k2', test.id(2), 'default');
insert into pgconductor.payloads values (test.id(2), '2'), (test.id(5), '5');
select is((select array_agg(e.id order by u.n) from unnest(pgconductor._dead_letter_exhausted('default', (select array_agg(ctid) from pgconductor.executions), pgconductor.current_time())) with ordinality u (place, n)
    join pgconductor.executions e on e.ctid = u.place), array[test.id(3), test.id(1)], 'those with attempts left remain, in order of time')
where (select count(*) from pgconductor.executions) = 5;
select is((select array_agg(id order by id) from pgconductor.executions), array[test.id(1), test.id(3)], 'the others are gone');
select results_eq('select id, reason, attempts, expires_at, started_at, cancelled from pgconductor.failed_executions order by id',
    $$ values (test.id(2), 'not started: all 3 attempts were used up', 3::smallint, timestamptz '2025-01-15 11:00+00', null::timestamptz, false),
        (test.id(4), 'not started: all 1 attempts were used up', 1::smallint, timestamptz '2025-01-15 11:00+00', null, false) $$, 'dead letters, unless the task keeps none');
select is((select array_agg(key::text) from pgconductor.dedupe_keys), '{k1}', 'their keys are free');
select is((select array_agg(execution_id) from pgconductor.payloads), array[test.id(2)], 'the payload of what is not kept is gone');
select is(pgconductor._dead_letter_exhausted('default', '{}', now()), null, 'no rows');
select is(cardinality(pgconductor._dead_letter_exhausted('default', (select array_agg(ctid) from pgconductor.executions), now())), 2, 'once more: nothing to do');
-- Through a claim: the limit was lowered while it waited.
select lives_ok($$ select test.worker(1, 'default', 't'); update pgconductor.tasks set max_attempts = 2 where key = 't' $$, 'the limit is lowered');
select is(test.claim(1, 'default', 10), array[test.id(3)], 'only the one with a limit of its own is started');

-- One that is somebody's child: its parent is told.
insert into pgconductor.executions (id, task_key, lane, attempts, flow) values (test.id(21), 'none', '', 1, jsonb_build_object('parent', test.id(20), 'queue', 'default', 'step', 'c'));
insert into pgconductor.executions (id, task_key, lane, run_at, flow) values (test.id(20), 't', '', 'infinity', '{"waiting": true}');
insert into pgconductor.steps (execution_id, name, ordinal, started_at, kind, child_id) values (test.id(20), 'c', 1, now(), 'child', test.id(21));
select is(pgconductor._dead_letter_exhausted('default', (select array_agg(ctid) from pgconductor.executions where id = test.id(21)), pgconductor.current_time()), null, 'a child that has used up its attempts');
select is(array[test.state(test.id(20)), (select state || (result ->> 'message') from pgconductor.load_steps(test.id(20)))], '{ready,"failednot started: all 1 attempts were used up"}', 'wakes its parent');
select * from finish();
rollback;
