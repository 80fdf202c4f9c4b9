begin;
select plan(17);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't', 'u'); select pgconductor.create_queue('q');
    select pgconductor.invoke('t', p_id => test.id(n), p_priority => 100 - n) from generate_series(1, 4) n;
    select test.claim(1, 'default', 4);
    select test.finish(1, test.id(1), 'completed'), test.finish(1, test.id(2), 'dead'), test.finish(1, test.id(3), 'cancelled');
    select pgconductor.invoke('t', p_queue => 'q', p_id => test.id(5)); select pgconductor.invoke('u', p_id => test.id(6), p_run_at => '2025-01-16 00:00+00');
    insert into pgconductor.executions (id, task_key, lane, run_at) values (test.id(7), 'u', '', 'infinity') $$, 'one of each state');
select results_eq('select id, state from pgconductor.list_executions()',
    $$ values (test.id(7), 'waiting'), (test.id(6), 'scheduled'), (test.id(5), 'ready'), (test.id(4), 'running'), (test.id(3), 'cancelled'), (test.id(2), 'failed'), (test.id(1), 'completed') $$, 'all, the newest first');
select is((select array_agg(id) from pgconductor.list_executions(p_state => state)), array[test.id(n)], 'state ' || state)
from (values ('waiting', 7), ('scheduled', 6), ('ready', 5), ('running', 4), ('cancelled', 3), ('failed', 2), ('completed', 1)) v (state, n);
select is((select array_agg(id) from pgconductor.list_executions(p_task_key => 'u')), array[test.id(7), test.id(6)], 'of a task');
select is((select array_agg(id) from pgconductor.list_executions(p_queue => 'q')), array[test.id(5)], 'of a queue');
select is((select array_agg(id) from pgconductor.list_executions(p_limit => 2)), array[test.id(7), test.id(6)], 'a page');
select is((select array_agg(id) from pgconductor.list_executions(p_limit => 2, p_before => test.id(6))), array[test.id(5), test.id(4)], 'the next page');
select is_empty($$ select * from pgconductor.list_executions(p_before => test.id(1)) $$, 'behind the last: none');
select throws_ok($$ select * from pgconductor.list_executions(p_state => 'done') $$, 'PC004', null, 'an unknown state: PC004');
select throws_ok($$ select * from pgconductor.list_executions(p_limit => 0) $$, 'PC004', null, 'no page: PC004');
select throws_ok($$ select * from pgconductor.list_executions(p_limit => 1001) $$, 'PC004', null, 'too large a page: PC004');
select * from finish();
rollback;
