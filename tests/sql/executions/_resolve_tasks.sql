begin;
select plan(13);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.create_queue('q'); insert into pgconductor.tasks (key, queue, lane) values ('known', 'q', '') $$, 'a task');
select is((select array_agg(concat_ws(' ', item, queue, '"' || lane || '"', later_step)) from pgconductor._resolve_tasks('{known,known,new}', '{null,default,null}')),
    '{"1 q \"\" 0","2 default \"\" 0","3 default \"new\" 0"}', 'in order: the task''s queue or the given one, its lane; no step while the clock stands still');
select is((select array_agg(distinct now) from pgconductor._resolve_tasks('{known,new}', '{null,null}')), array[timestamptz '2025-01-15 10:00+00'], 'one time for all');
select is((select array_agg(queue || lane) from pgconductor.tasks where key = 'new'), '{defaultnew}', 'a task nobody knows has a row and a lane of its own');
-- As invoke_batch: a task first seen with and without a queue is the default queue's.
select is((select array_agg(queue) from pgconductor._resolve_tasks('{both,both}', '{q,null}')), '{q,default}', 'null is not what another item says');
select is_empty($$ select * from pgconductor.invoke_batch('{both2,both2}', '{null,null}', array[test.id(1), test.id(2)], '{q,null}') $$, 'the same by invoke_batch');
select is((select array_agg(queue::text order by id) from pgconductor.executions), '{q,default}', 'gives the same');
select is_empty($$ select * from pgconductor._resolve_tasks('{}', '{}') $$, 'nothing asked');
select is((select count(*) from pgconductor._resolve_tasks('{known,known}', null)), 2::bigint, 'no queues given at all');
select throws_ok($$ select * from pgconductor._resolve_tasks('{known}', '{nowhere}') $$, 'PC002', null, 'an unknown queue: PC002');
select throws_ok($$ select * from pgconductor._resolve_tasks('{known,other}', '{null,nowhere}') $$, 'PC002', null, 'also of an unknown task');
select throws_ok($$ select * from pgconductor._resolve_tasks(array[null], '{null}') $$, 'PC004', null, 'no task: PC004');
set local pgconductor.fake_now = '';
select is((select later_step from pgconductor._resolve_tasks('{known}', '{null}')), 1, 'a microsecond while the clock goes');
select * from finish();
rollback;
