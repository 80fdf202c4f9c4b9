begin;
select plan(14);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.fill() returns void language sql as $$
    truncate pgconductor.steps, pgconductor.orphans;
    insert into pgconductor.steps (execution_id, name, ordinal, started_at, finished_at, kind, child_id, detached, result) values
        (test.id(1), 'a', 1, now(), now(), 'step', null, false, '1'), (test.id(1), 'c', 2, now(), null, 'child', test.id(10), false, null),
        (test.id(1), 'd', 3, now(), null, 'child', test.id(11), true, null), (test.id(1), 'e', 4, now(), now(), 'child', test.id(12), false, '1'),
        (test.id(2), 'a', 1, now(), null, 'child', test.id(1), false, null) $$;
create function pg_temp.done(effect text, kept boolean, error jsonb default null) returns void language sql as $$
    select pgconductor._end_flows(array[test.id(1)], array[jsonb_build_object('parent', test.id(2), 'queue', 'default', 'step', 'a')], array[effect], '{"{\"r\": 1}"}', array[error], array[kept], pgconductor.current_time()) $$;
select pg_temp.fill();
select lives_ok($$ select pg_temp.done('completed', false) $$, 'one completes');
select is(test.steps(test.id(1)), null, 'its steps are gone');
select results_eq('select execution_id, reason from pgconductor.orphans', $$ values (test.id(10), 'its parent ' || test.id(1) || ' has ended') $$, 'the child that it left is to be cancelled, not the detached one');
select is(test.steps(test.id(2)), 'a done {"r": 1}', 'its parent has the result');
select pg_temp.fill();
select lives_ok($$ select pg_temp.done('failed', true, '{"type": "T", "message": "boom", "stack": "long"}') $$, 'one fails and is kept');
select is(test.steps(test.id(1)), 'a done 1, e done 1', 'its finished steps are kept too');
select is((select count(*) from pgconductor.orphans), 1::bigint, 'the child is to be cancelled');
select results_eq($$ select state, result from pgconductor.load_steps(test.id(2)) $$,
    $$ values ('failed', jsonb_build_object('type', 'T', 'message', 'boom', 'execution', test.id(1), 'cancelled', false)) $$, 'its parent knows of what');
select pg_temp.fill();
select lives_ok($$ select pg_temp.done('cancelled', false, '{"message": "stop"}') $$, 'one is cancelled');
select is(test.steps(test.id(1)), null, 'and not kept');
select is((select result from pgconductor.load_steps(test.id(2))), jsonb_build_object('message', 'stop', 'execution', test.id(1), 'cancelled', true), 'its parent is told so');
select pg_temp.fill();
delete from pgconductor.steps where execution_id = test.id(2);
select lives_ok($$ select pg_temp.done('completed', false) $$, 'a parent that has ended');
select is(test.steps(test.id(2)), null, 'gets nothing');
select lives_ok($$ select pgconductor._end_flows(array[test.id(77)], '{"{}"}', '{completed}', null, null, '{false}', now()) $$, 'one without steps or parent');
select * from finish();
rollback;
