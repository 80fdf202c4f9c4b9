begin;
select plan(27);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select ok(not pgconductor.drop_queue('nobody'), 'false: there is none');
select throws_ok($$ select pgconductor.drop_queue('default') $$, 'PC006', null, 'the default queue stays');

-- Ordinary, empty; its tasks move to the default queue.
select lives_ok($$ select pgconductor.create_queue('q1') $$, 'a queue');
insert into pgconductor.tasks (key, queue) values ('of-q1', 'q1');
select ok(pgconductor.drop_queue('q1'), 'an empty queue goes');
select is((select count(*) from pgconductor.queues where name = 'q1'), 0::bigint, 'it is gone');
select is((select queue from pgconductor.tasks where key = 'of-q1'), 'default', 'its task is the default queue''s');

-- With rows, both sorts.
select lives_ok($$ select pgconductor.create_queue('plain'), pgconductor.create_queue('hot', true) $$, 'two queues');
select lives_ok($$ select pgconductor.invoke('t', p_queue => q, p_id => test.id(n)) from (values ('plain', 1), ('hot', 2), ('hot', 3)) v (q, n) $$, 'executions in both');
select lives_ok($$ select pgconductor.invoke('t', p_queue => 'hot', p_id => test.id(4), p_dedupe_key => 'k', p_run_at => '2025-02-01') $$, 'one with a key, later');
select throws_ok($$ select pgconductor.drop_queue('plain') $$, 'PC005', null, 'rows wait: refused');
select throws_ok($$ select pgconductor.drop_queue('hot') $$, 'PC005', null, 'rows wait in its partition: refused');
select is(test.state(test.id(2)), 'ready', 'and nothing is lost');

select ok(pgconductor.drop_queue('plain', true), 'by force');
select is(test.state(test.id(1)), 'cancelled', 'what waited is cancelled');
select is(test.reason(test.id(1)), 'queue "plain" was dropped', 'with the reason');

create temp table partition as select partition_name as name from pgconductor.queues where name = 'hot';
select ok(pgconductor.drop_queue('hot', true), 'by force, with a partition');
select is(array_agg(test.state(test.id(n))), '{cancelled,cancelled,cancelled}', 'all its rows are cancelled') from generate_series(2, 4) n;
select is(to_regclass('pgconductor.' || name), null, 'the partition is gone') from partition;
select is((select count(*) from pgconductor.dedupe_keys where key = 'k'), 0::bigint, 'the key is free');
select ok(pgconductor.create_queue('hot', true), 'the same queue can be made again');
select lives_ok($$ select pgconductor.retry_execution(test.id(2)) $$, 'and its cancelled execution retried');
select throws_ok($$ select pgconductor.retry_execution(test.id(1)) $$, 'PC002', null, 'but not into a queue that is gone');
select is(test.state(test.id(1)), 'cancelled', 'which loses nothing');

-- Running, or served.
select lives_ok($$ select test.worker(9, 'busy', 't') $$, 'a worker makes its queue');
select throws_ok($$ select pgconductor.drop_queue('busy', true) $$, 'PC005', null, 'a served queue stays');
select lives_ok($$ select pgconductor.invoke('t', p_queue => 'busy', p_id => test.id(5));
    select test.claim(9, 'busy', 1);
    delete from pgconductor.workers where orchestrator_id = test.id(9) $$, 'something runs in it, nobody serves it');
select throws_ok($$ select pgconductor.drop_queue('busy', true) $$, 'PC005', null, 'a queue with running executions stays');

select * from finish();
rollback;
