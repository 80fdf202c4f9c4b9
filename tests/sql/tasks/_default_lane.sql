begin;
select plan(7);

insert into pgconductor.tasks (key) values ('a');
select is((select lane from pgconductor.tasks where key = 'a'), 'a', 'inserted without a lane: one of its own');
insert into pgconductor.tasks (key, lane) values ('b', '');
select is((select lane from pgconductor.tasks where key = 'b'), '', 'a given lane stays');
insert into pgconductor.tasks (key, lane, window_start, window_end) values ('c', '', '09:00', '17:00');
select is((select lane from pgconductor.tasks where key = 'c'), 'c', 'but the plain lane is not for a windowed task');
update pgconductor.tasks set paused = true where key = 'b';
select is((select lane from pgconductor.tasks where key = 'b'), 'b', 'nor for a task somebody pauses');
update pgconductor.tasks set paused = false where key = 'b';
select is((select lane from pgconductor.tasks where key = 'b'), 'b', 'going on does not bring it back: a registration does');
insert into pgconductor.tasks (key, lane) values ('d', '');
update pgconductor.tasks set window_start = '09:00', window_end = '17:00' where key = 'd';
select is((select lane from pgconductor.tasks where key = 'd'), 'd', 'nor for a task that gets a window later');
update pgconductor.tasks set max_attempts = 3 where key = 'a';
select is((select lane from pgconductor.tasks where key = 'a'), 'a', 'other changes leave lanes alone');

select * from finish();
rollback;
