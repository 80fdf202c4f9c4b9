begin;
select plan(42);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't', 'kept', 'paused', 'day', 'few', 'many');
    select pgconductor.register_worker(test.id(1), 'default', '[{"key": "t", "keep_completed_seconds": 0}, {"key": "kept"}, {"key": "paused"}, {"key": "day", "window_start": "09:00", "window_end": "17:00"},
        {"key": "few", "limits": {"concurrency": 2}}, {"key": "many", "batch_size": 10}]');
    update pgconductor.tasks set paused = true where key = 'paused';
    select pgconductor.create_queue('mail'); select test.worker(2, 'mail', 'letter') $$, 'a worker of the default queue, another of mail');

-- What may run now is claimed at once.
select results_eq($$ select execution_id, disposition, lease_id is not null, claimed_at, payload from pgconductor.invoke_and_claim(test.id(1), 'default', 't', '{"n": 1}', p_id => test.id(1), p_trace_parent => 'trace', p_max_attempts => 2, p_priority => 7) $$,
    $$ values (test.id(1), 'created', true, timestamptz '2025-01-15 10:00+00', '{"n": 1}'::jsonb) $$, 'all that a handler needs');
select is_empty('select from pgconductor.executions', 'it was never a row of executions');
select results_eq('select orchestrator_id, claimed_at, size, plain, queue, done, ids, task_keys, priorities, attempts, run_ats, created_ats, payloads, extras, stepped, limited from pgconductor.leases',
    $$ values (test.id(1), timestamptz '2025-01-15 10:00+00', 1, true, 'default'::text collate "C", '{}'::smallint[], array[test.id(1)], array['t']::text[] collate "C", '{7}'::smallint[], '{1}'::smallint[], array[timestamptz '2025-01-15 10:00+00'],
        array[timestamptz '2025-01-15 10:00+00'], array['{"n": 1}'::jsonb], array['{"max_attempts": 2, "trace_parent": "trace"}'::jsonb], '{}'::smallint[], '{}'::smallint[]) $$, 'but a lease, as a claim makes it');
select is(test.state(test.id(1)), 'running', 'it runs');
select is(test.finish(1, test.id(1), 'failed', 'no'), 'retried', 'an attempt fails');
select results_eq('select id, attempts, max_attempts, priority, trace_parent, payload from pgconductor.executions',
    $$ values (test.id(1), 1::smallint, 2::smallint, 7::smallint, 'trace', '{"n": 1}'::jsonb) $$, 'and it waits for the next one with all it has');
select test.pass('1 hour');
select is(test.claim(1, 'default', 10), array[test.id(1)], 'which is claimed like any');
select is(test.finish(1, test.id(1), 'failed', 'no'), 'failed', 'its own number of attempts is used up');

select is((pgconductor.invoke_and_claim(test.id(1), 'default', 'kept', 'null')).lease_id is not null, true, 'an id is made, and a payload may be JSON null');
select results_eq($$ select plain, extras, uuid_extract_version from pgconductor.leases, lateral (select get_byte(decode(replace(ids[1]::text, '-', ''), 'hex'), 6) >> 4 as uuid_extract_version) v $$,
    $$ values (false, null::jsonb[], 7) $$, 'a task whose history is kept needs more than forgetting');
select is(test.finish(1, (select ids[1] from pgconductor.leases), 'completed'), 'completed', 'it completes');
select is((select count(*) from pgconductor.completed_executions), 1::bigint, 'and is kept');

-- It is a running execution like any.
select pgconductor.invoke_and_claim(test.id(1), 'default', 't', p_id => test.id(2)), pgconductor.invoke_and_claim(test.id(1), 'default', 't', p_id => test.id(3));
select is(pgconductor.cancel_execution(test.id(2)), 'requested', 'cancelling it asks its process');
select results_eq($$ select rescued from pgconductor._fence_orchestrator(test.id(1), 'dead', pgconductor.current_time()) $$, 'values (1)', 'the process dies: what was not cancelled is put back');
select results_eq('select id, attempts from pgconductor.executions', $$ values (test.id(3), 1::smallint) $$, 'its start counted');
delete from pgconductor.executions;
select is((pgconductor.invoke_and_claim(test.id(1), 'default', 't', p_id => test.id(4))).lease_id, null, 'who was taken over is given nothing');
select is(test.state(test.id(4)), 'ready', 'and the execution waits for others');
delete from pgconductor.executions;

-- A repetition claims nothing.
select is((pgconductor.invoke_and_claim(null, null, 't', p_id => test.id(5), p_priority => 3, p_repeated => true)).disposition, 'created', 'the first call was not stored: it is now');
select is(test.state(test.id(5)), 'ready', 'and waits');
select is((pgconductor.invoke_and_claim(null, null, 't', p_id => test.id(5), p_repeated => true)).disposition, 'existing', 'it was');
select is((select disposition from pgconductor.invoke_and_claim(null, null, 't', p_id => (select id from pgconductor.completed_executions), p_repeated => true)), 'existing', 'it was, and has run already');
delete from pgconductor.executions;

-- Everything else is enqueued.
select lives_ok($$ select test.worker(1, 'default', 't', 'paused', 'day', 'few', 'many') $$, 'the process is back, without one of its tasks');
create function pg_temp.enqueued(task text, queue text default null, worker integer default 1, payload jsonb default '{}') returns text language plpgsql as $$
declare
    v_made   record := pgconductor.invoke_and_claim(test.id(worker), 'default', task, payload, queue);
    v_answer text := concat_ws(' ', v_made.lease_id, v_made.claimed_at, v_made.payload, test.state(v_made.execution_id));
begin
    delete from pgconductor.executions where id = v_made.execution_id;
    delete from pgconductor.leases;
    return v_answer;
end
$$;
select is(pg_temp.enqueued('kept'), 'ready', 'a task that this process does not run');
select is(pg_temp.enqueued('new'), 'ready', 'a task that nobody knows');
select is(pg_temp.enqueued('t', 'mail'), 'ready', 'another queue than the worker''s');
select is(pg_temp.enqueued('t', worker => 2), 'ready', 'a process that does not serve the queue');
select is(pg_temp.enqueued('t', worker => 9), 'ready', 'a process that is not registered');
select is(pg_temp.enqueued('paused'), 'ready', 'a paused task');
select is(pg_temp.enqueued('day'), 'ready', 'a task with a window, though it is open');
select is(pg_temp.enqueued('few'), 'ready', 'a task with a limit, though there is room');
select is(pg_temp.enqueued('many'), 'ready', 'a task that is run in batches');
select is(pg_temp.enqueued('t', payload => to_jsonb(repeat('x', 9000))), 'ready', 'a large payload');
select is((select count(*) from pgconductor.payloads), 1::bigint, 'which is beside its execution');
select test.worker(3, 'default', 'other');
select is((select lane from pgconductor.tasks where key = 't'), 't', 'a process that does not run it joins: the task has a lane of its own');
select is((pgconductor.invoke_and_claim(test.id(1), 'default', 't', p_queue => 'default')).lease_id is not null, true, 'that is none of these, nor is the worker''s queue, named');
select lives_ok($$ select pgconductor.pause_queue('default') $$, 'the queue is paused');
select is(pg_temp.enqueued('t'), 'ready', 'a paused queue');

-- What cannot be is refused, and nothing is stored.
select pgconductor.resume_queue('default');
select throws_ok($$ select pgconductor.invoke_and_claim(test.id(1), 'default', 't', p_priority => 101) $$, 'PC004', null, 'priority 101');
select throws_ok($$ select pgconductor.invoke_and_claim(test.id(1), 'default', 't', p_max_attempts => 0) $$, 'PC004', null, 'no attempts');
select throws_ok($$ select pgconductor.invoke_and_claim(test.id(1), 'default', 't', p_queue => 'nowhere') $$, 'PC002', null, 'a queue that is not there');
select throws_ok($$ select pgconductor.invoke_and_claim(test.id(1), 'default', null) $$, 'PC004', null, 'no task');
select * from finish();
rollback;
