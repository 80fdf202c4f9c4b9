begin;
select plan(8);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.create_queue('mail'); select test.worker(1, 'default', 'plain'); select test.worker(2, 'mail', 'mailed') $$, 'two queues with a task each');

select results_eq($$ select item, queue, lane from pgconductor._resolve_tasks('{plain,mailed,plain}', array[null, null, 'mail']) $$,
    $$ values (1, 'default', ''), (2, 'mail', ''), (3, 'mail', '') $$, 'in the order given: the task''s queue, unless another is named');
select is((select now from pgconductor._resolve_tasks('{plain}', '{null}')), timestamptz '2025-01-15 10:00:00+00', 'the time is the clock''s');
select is((select later_step from pgconductor._resolve_tasks('{plain}', '{null}')), 0, 'no step while a test holds the clock');
set local pgconductor.fake_now = '';
select is((select later_step from pgconductor._resolve_tasks('{plain}', '{null}')), 1, 'a microsecond otherwise');

select results_eq($$ select queue, lane from pgconductor._resolve_tasks('{unknown}', '{mail}') $$, $$ values ('mail', 'unknown') $$,
    'an unknown task has a lane of its own');
select is((select t.queue from pgconductor.tasks t where t.key = 'unknown'), 'mail', 'and a row');
select throws_ok($$ select * from pgconductor._resolve_tasks('{plain}', '{nowhere}') $$, 'PC002', null, 'an unknown queue is refused');

select * from finish();
rollback;
