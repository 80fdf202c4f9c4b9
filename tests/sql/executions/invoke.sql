begin;
select plan(65);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

-- One, with the defaults.
create temp table made as select * from pgconductor.invoke('t');
select is((select disposition from made), 'created', 'created');
select results_eq($$ select id, run_at, created_at, priority, attempts, max_attempts, queue, task_key, dedupe_key, payload, errors
    from pgconductor.executions $$,
    $$ select execution_id, timestamptz '2025-01-15 10:00:00+00', timestamptz '2025-01-15 10:00:00+00', 0::smallint, 0::smallint, null::smallint,
        'default'::text collate "C", 't'::text collate "C", null::text collate "C", '{}'::jsonb, null::jsonb from made $$, 'now, priority 0, on the default queue');
select results_eq($$ select lane, max_attempts, queue from pgconductor.tasks where key = 't' $$,
    $$ values ('t'::text collate "C", 5, 'default'::text collate "C") $$, 'a task that nobody registered gets a row and a lane of its own');

-- All that can be said.
select lives_ok($$ select pgconductor.create_queue('q') $$, 'a queue');
select is((select disposition from pgconductor.invoke('t', '{"a": 1}', 'q', '2025-01-16 00:00+00', -7, 9, 'key', 'reject', test.id(1), 'trace')), 'created', 'with everything');
select results_eq($$ select id, run_at, created_at, priority, max_attempts, queue, dedupe_key, trace_parent, payload from pgconductor.executions where queue = 'q' $$,
    $$ values (test.id(1), timestamptz '2025-01-16 00:00+00', timestamptz '2025-01-15 10:00:00+00', (-7)::smallint, 9::smallint,
        'q'::text collate "C", 'key'::text collate "C", 'trace', '{"a": 1}'::jsonb) $$, 'is all there');
select lives_ok($$ select pgconductor.invoke('t', p_run_at => '2020-01-01 00:00+00', p_id => test.id(2)); select pgconductor.invoke('t', null, p_id => test.id(3)) $$, 'two more');
select is((select run_at from pgconductor.executions where id = test.id(2)), '2025-01-15 10:00:00+00', 'a time in the past is now');
select results_eq($$ select payload from pgconductor.executions where id = test.id(3) $$, 'values (null::jsonb)', 'a null payload is null');
select lives_ok($$ update pgconductor.tasks set queue = 'q' where key = 't'; select pgconductor.invoke('t', p_id => test.id(4)) $$, 'the task moves to q');
select is((select queue from pgconductor.executions where id = test.id(4)), 'q', 'null queue: the task''s');

-- The same id again.
select is((select disposition from pgconductor.invoke('t', '{"a": 2}', p_id => test.id(1))), 'existing', 'an id that waits already: existing');
select is((select payload from pgconductor.executions where id = test.id(1)), '{"a": 1}', 'and nothing changes');
select is((select count(*) from pgconductor.executions where id = test.id(1)), 1::bigint, 'there is one');

-- A repetition of a call whose reply was lost, in every state.
select lives_ok($$ select test.worker(1, 'default', 'r'); select pgconductor.invoke('r', p_id => test.id(n), p_priority => -n) from generate_series(10, 13) n $$, 'four executions');
select is((select disposition from pgconductor.invoke('r', p_id => test.id(10), p_repeated => true)), 'existing', 'it waits');
select is(test.claim(1, 'default', 3), array[test.id(10), test.id(11), test.id(12)], 'three are claimed');
select is((select disposition from pgconductor.invoke('r', p_id => test.id(10), p_repeated => true)), 'existing', 'it runs');
select is(array[test.finish(1, test.id(10), 'completed'), test.finish(1, test.id(11), 'dead'), test.finish(1, test.id(12), 'failed')],
    '{completed,failed,retried}', 'outcomes');
select is((select disposition from pgconductor.invoke('r', p_id => test.id(10), p_repeated => true)), 'existing', 'it has completed');
select is((select disposition from pgconductor.invoke('r', p_id => test.id(11), p_repeated => true)), 'existing', 'it has failed');
select is((select disposition from pgconductor.invoke('r', p_id => test.id(12), p_repeated => true)), 'existing', 'it waits for a retry');
select is((select disposition from pgconductor.invoke('r', p_id => test.id(14), p_repeated => true)), 'created', 'it never arrived: created now');
select is((select array_agg(test.state(test.id(n))) from generate_series(10, 14) n), '{completed,failed,scheduled,ready,ready}', 'each is there once');

-- Dedupe: policy x state of the holder.
select lives_ok($$ select test.worker(2, 'd', 'd'); select pgconductor.invoke('d', '{"n": 1}', p_dedupe_key => 'k', p_id => test.id(20), p_run_at => '2025-01-15 11:00+00') $$, 'a holder, pending');
select is((select (execution_id, disposition)::text from pgconductor.invoke('d', '{"n": 2}', p_dedupe_key => 'k')), (test.id(20), 'existing')::text, 'return_existing x pending: it is returned');
select is((select payload from pgconductor.executions where id = test.id(20)), '{"n": 1}', 'unchanged');
select throws_ok($$ select pgconductor.invoke('d', p_dedupe_key => 'k', p_dedupe_policy => 'reject') $$, 'PC003', null, 'reject x pending: PC003');
select is((select (execution_id, disposition)::text from pgconductor.invoke('d', '{"n": 3}', p_dedupe_key => 'k', p_dedupe_policy => 'replace_pending', p_priority => 5, p_max_attempts => 2)),
    (test.id(20), 'replaced')::text, 'replace_pending x pending: it is replaced');
select results_eq($$ select payload, priority, max_attempts, run_at from pgconductor.executions where id = test.id(20) $$,
    $$ values ('{"n": 3}'::jsonb, 5::smallint, 2::smallint, timestamptz '2025-01-15 10:00+00') $$, 'payload, priority, attempts and time are the new ones');

select is(test.claim(2, 'd', 1), array[test.id(20)], 'it runs');
select is((select (execution_id, disposition)::text from pgconductor.invoke('d', p_dedupe_key => 'k')), (test.id(20), 'existing')::text, 'return_existing x running: it is returned');
select throws_ok($$ select pgconductor.invoke('d', p_dedupe_key => 'k', p_dedupe_policy => 'reject') $$, 'PC003', null, 'reject x running: PC003');
select is((select (execution_id, disposition)::text from pgconductor.invoke('d', '{"n": 4}', p_dedupe_key => 'k', p_dedupe_policy => 'replace_pending', p_id => test.id(21))),
    (test.id(21), 'created')::text, 'replace_pending x running: a new one behind it');
select is((select execution_id from pgconductor.dedupe_keys where key = 'k'), test.id(21), 'which has the key now');
select is(test.finish(2, test.id(20), 'completed'), 'completed', 'the running one completes');
select is((select execution_id from pgconductor.dedupe_keys where key = 'k'), test.id(21), 'and does not release a key that is no longer its own');
select is((select (execution_id, disposition)::text from pgconductor.invoke('d', p_dedupe_key => 'k')), (test.id(21), 'existing')::text, 'the new one holds it');

select is(test.claim(2, 'd', 1), array[test.id(21)], 'the new one runs');
select is(test.finish(2, test.id(21), 'completed'), 'completed', 'and completes');
select is((select disposition from pgconductor.invoke('d', p_dedupe_key => 'k', p_dedupe_policy => policy, p_id => id)), 'created', policy || ' x completed: a new one')
from (values ('return_existing', test.id(22))) v (policy, id);
select is(pgconductor.cancel_execution(test.id(22)), 'cancelled', 'cancelled');
select is((select disposition from pgconductor.invoke('d', p_dedupe_key => 'k', p_dedupe_policy => 'reject', p_id => test.id(23))), 'created', 'reject x cancelled: a new one');
select is(array[test.claim(2, 'd', 1)::text, test.finish(2, test.id(23), 'dead')], array[array[test.id(23)]::text, 'failed'], 'dead-lettered');
select is((select disposition from pgconductor.invoke('d', p_dedupe_key => 'k', p_dedupe_policy => 'replace_pending', p_id => test.id(24))), 'created', 'replace_pending x failed: a new one');
select is((select disposition from pgconductor.invoke('other', p_dedupe_key => 'k')), 'created', 'a key is its task''s own');

-- Paced: see _invoke_paced.
select is((select disposition from pgconductor.invoke('p', p_id => test.id(60), p_throttle => '1 minute')), 'created', 'throttled: the first');
select is((select (execution_id, disposition)::text from pgconductor.invoke('p', p_throttle => '1 minute')), (test.id(60), 'dropped')::text, 'and the second');
select throws_ok($$ select pgconductor.invoke('p', p_throttle => '1 minute', p_run_at => '2025-01-16') $$, 'PC004', null, 'with a time: PC004');
select throws_ok($$ select pgconductor.invoke('p', p_max_wait => '1 minute') $$, 'PC004', null, 'a longest wait of nothing: PC004');
select throws_ok($$ select pgconductor.invoke('p', p_priority => 101, p_throttle => '1 minute') $$, 'PC004', null, 'a priority out of range, also of one that would be dropped: PC004');

-- Large payloads: out of the row, wherever they come from, and with a dedupe key.
create temp table big (payload jsonb);
alter table big alter column payload set storage extended;
insert into big values (jsonb_build_object('x', repeat('x', 100000)));
select lives_ok($$ select pgconductor.invoke('t', jsonb_build_object('x', repeat('y', 9000)), p_id => test.id(30)) $$, 'over 8 kB');
select results_eq($$ select payload, large_payload_bytes > 9000, (select p.payload ->> 'x' from pgconductor.payloads p where p.execution_id = e.id)
    from pgconductor.executions e where id = test.id(30) $$, $$ values (null::jsonb, true, repeat('y', 9000)) $$, 'is in a table of its own');
select lives_ok($$ select pgconductor.invoke('t', payload, p_id => test.id(31)) from big $$, '100 kB that a table has compressed to one');
select is((select large_payload_bytes >= 100000 from pgconductor.executions where id = test.id(31)), true, 'count as what they are');
select is((select disposition from big, pgconductor.invoke('d', payload, p_dedupe_key => 'k', p_dedupe_policy => 'replace_pending')), 'replaced', 'a large one replaces a small one');
select is((select disposition from big, pgconductor.invoke('d', '{}', p_dedupe_key => 'k', p_dedupe_policy => 'replace_pending')), 'replaced', 'and a small one it');
select results_eq($$ select large_payload_bytes, payload, (select count(*) from pgconductor.payloads p where p.execution_id = e.id) from pgconductor.executions e where id = test.id(24) $$,
    $$ values (null::integer, '{}'::jsonb, 0::bigint) $$, 'which leaves nothing of it');

-- Refusals.
select throws_ok($$ select pgconductor.invoke('t', p_queue => 'nowhere') $$, 'PC002', null, 'a queue that is not there: PC002');
select throws_ok($$ select pgconductor.invoke('unknown', p_queue => 'nowhere') $$, 'PC002', null, 'also for an unknown task');
select throws_ok($$ select pgconductor.invoke('') $$, 'PC004', null, 'no task key: PC004');
select throws_ok($$ select pgconductor.invoke(null) $$, 'PC004', null, 'a null one too');
select throws_ok(format('select pgconductor.invoke(%L)', repeat('x', 201)), 'PC004', null, 'a key over 200 bytes too');
select throws_ok($$ select pgconductor.invoke('t', p_priority => 101) $$, 'PC004', null, 'a priority out of range: PC004');

-- In the caller's transaction.
savepoint s;
select pgconductor.invoke('t', p_id => test.id(40), p_dedupe_key => 'gone');
rollback to s;
select is(array[(select count(*) from pgconductor.executions where id = test.id(40)), (select count(*) from pgconductor.dedupe_keys where key = 'gone')],
    '{0,0}', 'what is rolled back never was');

select * from finish();
rollback;
