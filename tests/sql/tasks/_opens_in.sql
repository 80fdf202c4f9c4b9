begin;
select plan(6);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.tasks (key, windows) values ('noon', '{12:00-13:00}'), ('one', '{13:00-14:00}'), ('none', null);
create function pg_temp.opens() returns double precision language sql as $$
    select pgconductor._opens_in('default', '{noon,one,none,unknown}', pgconductor.current_time())
$$;
select is(pg_temp.opens(), null, 'nothing waits');
insert into pgconductor.executions (task_key) values ('none'), ('one');
select is(pg_temp.opens(), 10800::double precision, 'the task that something waits for');
insert into pgconductor.executions (task_key) values ('noon');
select is(pg_temp.opens(), 7200::double precision, 'the first of several');
update pgconductor.tasks set paused = true where key = 'noon';
select is(pg_temp.opens(), 10800::double precision, 'a paused one does not open');
select is(pgconductor._opens_in('other', '{noon,one}', pgconductor.current_time()), null, 'of this queue only');
update pgconductor.tasks set time_zone = 'Asia/Tokyo' where key = 'one';
select is(pg_temp.opens(), 64800::double precision, 'by the task''s own clocks');
select * from finish();
rollback;
