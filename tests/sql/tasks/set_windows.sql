begin;
select plan(11);
set local pgconductor.fake_now = '2025-01-15 12:00:00+00';
select test.worker(1, 'default', 't', 'u');
insert into pgconductor.executions (id, task_key) values (test.id(11), 't'), (test.id(12), 'u');
update pgconductor.tasks set window_start = '00:00', window_end = '01:00' where key = 't';

select lives_ok($$ select pgconductor.set_windows('t', '{mon-fri 22:00-06:00,sat 10:00-12:00}', 'Europe/Berlin') $$, 'windows and their zone');
select results_eq($$ select windows, window_start, time_zone, open, changes_at from pgconductor.list_tasks() where key = 't' $$,
    $$ values ('{mon-fri 22:00-06:00,sat 10:00-12:00}'::text[], null::text, 'Europe/Berlin', false, timestamptz '2025-01-15 21:00+00') $$, 'are all there are');
select is(test.claim(1, 'default', 10), array[test.id(12)], 'outside of them nothing of the task is claimed');
select lives_ok($$ select pgconductor.set_windows('t', '{09:00-17:00}') $$, 'others');
select is((select time_zone from pgconductor.tasks where key = 't'), 'Europe/Berlin', 'in the same zone');
select is(test.claim(1, 'default', 10), array[test.id(11)], 'count with the next claim');
select lives_ok($$ select pgconductor.set_windows('t', '{}') $$, 'none');
select results_eq($$ select windows, open, changes_at from pgconductor.list_tasks() where key = 't' $$, $$ values ('{}'::text[], true, null::timestamptz) $$, 'is always');
select throws_ok($$ select pgconductor.set_windows('t', '{25:00-26:00}') $$, 'PC004', null, 'a window that is none');
select throws_ok($$ select pgconductor.set_windows('t', '{01:00-02:00}', 'Mars/Base') $$, 'PC004', null, 'a zone that is none');
select throws_ok($$ select pgconductor.set_windows('x', '{01:00-02:00}') $$, 'PC007', 'there is no task "x"', 'a task that is none');
select * from finish();
rollback;
