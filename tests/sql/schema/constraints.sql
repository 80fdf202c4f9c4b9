begin;
select plan(44);
-- Queues.
select throws_ok($$ insert into pgconductor.queues (name) values ('') $$, '23514', null, 'queue: no name');
select throws_ok($$ insert into pgconductor.queues (name) values (repeat('ü', 101)) $$, '23514', null, 'queue: a name over 200 bytes');
select throws_ok($$ insert into pgconductor.queues (name) values ('default') $$, '23505', null, 'queue: a name twice');
-- Tasks.
create function pg_temp.task(settings text) returns text language plpgsql as $$
begin
    execute format('insert into pgconductor.tasks (key, %s) values (%L, %s)', split_part(settings, '=', 1), gen_random_uuid(), substr(settings, strpos(settings, '=') + 1));
    return 'accepted';
exception when others then
    return sqlstate;
end
$$;
select throws_ok(format('insert into pgconductor.tasks (key) values (%L)', key), '23514', null, what) from (values ('', 'task: no key'), ('?', 'task: the key "?"'), (repeat('x', 201), 'task: a key over 200 bytes')) v (key, what);
select is(pg_temp.task(settings), code, settings) from (values
    ('max_attempts=1', 'accepted'), ('max_attempts=32767', 'accepted'), ('max_attempts=0', '23514'), ('max_attempts=32768', '23514'),
    ('backoff_seconds=''{0}''', 'accepted'), ('backoff_seconds=''{}''', '23514'), ('backoff_seconds=''{-1}''', '23514'), ('backoff_seconds=''{1,NULL}''', '23514'),
    ('backoff_seconds=''{NaN}''', '23514'), ('backoff_seconds=''{Infinity}''', '23514'), ('backoff_seconds=''{{1,2},{3,4}}''', '23514'), ('backoff_seconds=''[0:1]={1,2}''', '23514'),
    ('backoff_jitter=0', 'accepted'), ('backoff_jitter=1', 'accepted'), ('backoff_jitter=1.1', '23514'), ('backoff_jitter=''NaN''', '23514'),
    ('keep_completed=null', 'accepted'), ('keep_completed=''0''', 'accepted'), ('keep_completed=''-1 second''', '23514'), ('keep_completed=''1001 years''', '23514'), ('keep_failed=''170000 years''', '23514'),
    ('window_start=''09:00''', '23514'), ('window_end=''09:00''', '23514'), ('time_zone=''Europe/Berlin''', 'accepted'), ('time_zone=''Mars/Phobos''', '22023'), ('queue=''nowhere''', '23503')) v (settings, code);
select throws_ok($$ insert into pgconductor.tasks (key, window_start, window_end) values ('w', '09:00', '09:00') $$, '23514', null, 'task: a window of no length');
-- Executions.
select throws_ok($$ insert into pgconductor.executions (task_key, priority) values ('t', 101) $$, 'PC004', null, 'execution: priority over 100');
select throws_ok($$ insert into pgconductor.executions (task_key, priority) values ('t', -101) $$, 'PC004', null, 'execution: priority below -100');
select throws_ok($$ insert into pgconductor.executions (task_key, attempts) values ('t', -1) $$, 'PC004', null, 'execution: attempts below none');
select throws_ok($$ insert into pgconductor.executions (task_key, max_attempts) values ('t', 0) $$, 'PC004', null, 'execution: no attempts');
select throws_ok($$ insert into pgconductor.executions (payload) values ('{}') $$, '23502', null, 'execution: no task');
select lives_ok($$ insert into pgconductor.executions (id, task_key) values (test.id(1), 't') $$, 'execution: an id');
select throws_ok($$ insert into pgconductor.executions (id, task_key) values (test.id(1), 't') $$, '23505', null, 'execution: the id twice on one queue');
-- Keys, workers, signals.
select lives_ok($$ insert into pgconductor.dedupe_keys values ('t', 'k', test.id(1), 'default'), ('u', 'k', test.id(2), 'default') $$, 'a key is its task''s own');
select throws_ok($$ insert into pgconductor.dedupe_keys values ('t', 'k', test.id(3), 'other') $$, '23505', null, 'and there once, whatever the queue');
select throws_ok($$ insert into pgconductor.workers values (test.id(1), 'default', '{}') $$, '23503', null, 'a worker has an orchestrator');
select throws_ok($$ insert into pgconductor.signals (orchestrator_id, kind, reason, created_at) values (test.id(1), 'cancel', 'r', now()) $$, '23503', null, 'a signal too');
select * from finish();
rollback;
