begin;
select plan(8);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.create_queue('q'); select test.worker(1, 'q', 'mine') $$, 'a worker, whose task shares the plain lane');

select results_eq($$ select r.item, r.queue::text collate "C", r.lane::text collate "C", r.now, r.later_step from pgconductor._resolve_tasks(array['mine', 'new', 'mine'], array[null, null, 'default']) r $$,
    $$ values (1, (select queue from pgconductor.tasks where key = 'mine')::text collate "C", ''::text collate "C", timestamptz '2025-01-15 10:00+00', 0), (2, 'default', 'new', '2025-01-15 10:00+00', 0), (3, 'default', '', '2025-01-15 10:00+00', 0) $$,
    'queue, lane and time of each, in order');
select is((select lane from pgconductor.tasks where key = 'new'), 'new', 'a task nobody knew has a lane of its own');
select is_empty($$ select * from pgconductor._resolve_tasks('{}', '{}') $$, 'nothing for nothing');

select throws_ok($$ select * from pgconductor._resolve_tasks(array['mine'], array['nowhere']) $$, 'PC002', null, 'an unknown queue is refused');
select throws_ok($$ select * from pgconductor._resolve_tasks(array['?'], array[null]) $$, 'PC004', null, 'and so is what cannot be a task key');

set local pgconductor.fake_now = '';
select is((select later_step from pgconductor._resolve_tasks(array['mine'], array[null])), 1, 'a microsecond apart when the clock runs');
select ok((select now between clock_timestamp() - interval '1 minute' and clock_timestamp() from pgconductor._resolve_tasks(array['mine'], array[null])), 'and the time is now');
select * from finish();
rollback;
