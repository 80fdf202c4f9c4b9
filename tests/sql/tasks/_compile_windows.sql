begin;
select plan(11);

insert into pgconductor.tasks (key, windows) values ('t', '{mon 10:00-11:00}');
select is((select week_open from pgconductor.tasks where key = 't'), '{[36000000000,39600000000)}', 'an insert computes');
update pgconductor.tasks set windows = '{tue 10:00-11:00}' where key = 't';
select is((select week_open from pgconductor.tasks where key = 't'), '{[122400000000,126000000000)}', 'and a change');
update pgconductor.tasks set week_open = null where key = 't';
select isnt((select week_open from pgconductor.tasks where key = 't'), null, 'what somebody writes by hand does not count');
update pgconductor.tasks set windows = null where key = 't';
select is((select week_open from pgconductor.tasks where key = 't'), null, 'without windows: always');
update pgconductor.tasks set window_start = '22:00', window_end = '06:00' where key = 't';
select is((select pgconductor._window_open(week_open, 'UTC', '2025-01-15 23:00+00') from pgconductor.tasks where key = 't'), true, 'the daily one counts');
update pgconductor.tasks set windows = '{}' where key = 't';
select is((select windows from pgconductor.tasks where key = 't'), null, 'an empty list is none');
select throws_ok($$ update pgconductor.tasks set windows = '{nine to five}' where key = 't' $$, 'PC004', null, 'a fault is refused');
select throws_ok($$ update pgconductor.tasks set window_end = null where key = 't' $$, '23514', null, 'half a window by the table');
select throws_ok($$ insert into pgconductor.tasks (key, window_start) values ('u', '09:00') $$, '23514', null, 'of a new task too');

-- Held back means a lane of its own.
insert into pgconductor.tasks (key, lane) values ('p', '');
update pgconductor.tasks set windows = '{09:00-17:00}' where key = 'p';
select is((select lane from pgconductor.tasks where key = 'p'), 'p', 'a plain task gets its own lane with its first window');
insert into pgconductor.tasks (key, lane, windows) values ('q', '', '{09:00-17:00}');
select is((select lane from pgconductor.tasks where key = 'q'), 'q', 'a new one too');

select * from finish();
rollback;
