begin;
select plan(9);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select is((select (looked_at, next_in, keys)::text from pgconductor.due_schedules(10)), '("2025-01-15 10:00:00+00",,{})', 'there is none');
select lives_ok($$ select pgconductor.schedule('a', 't', '@hourly', p_missed => 'all', p_tolerance => '90 seconds', p_catch_up => 3), pgconductor.schedule('b', 'u', '@daily', p_time_zone => 'Europe/Berlin'),
    pgconductor.schedule('later', 't', '@daily'), pgconductor.schedule('never', 't', '@daily'), pgconductor.schedule('paused', 't', '@daily') $$, 'five');
update pgconductor.schedules set look_at = '2025-01-15 09:00+00' where key = 'b';
update pgconductor.schedules set look_at = '2025-01-15 10:00:30+00' where key = 'later';
update pgconductor.schedules set look_at = 'infinity' where key = 'never';
update pgconductor.schedules set paused = true, look_at = '2025-01-15 10:00:10+00' where key = 'paused';
select results_eq('select * from pgconductor.due_schedules(10)',
    $$ select timestamptz '2025-01-15 10:00+00', interval '30 seconds', array['b', 'a'], array[1, 1]::bigint[], array['u', 't'], array['@daily', '@hourly'], array['Europe/Berlin', 'UTC'],
        array['once', 'all'], array[60, 90]::double precision[], array[100, 3], array['2025-01-15 10:00+00', '2025-01-15 10:00+00']::timestamptz[] $$, 'two are due, the longest due first; the next in 30 s');
select is((select keys from pgconductor.due_schedules(1)), '{b}', 'at most as many as asked for');
select is((select keys from pgconductor.due_schedules(10, '{b}', '{1}')), '{a}', 'without what the caller cannot read');
select is((select keys from pgconductor.due_schedules(10, '{b}', '{2}')), '{b,a}', 'unless it was changed since');
select is((select keys from pgconductor.due_schedules(1, '{b}', '{1}')), '{a}', 'and what is left out takes nobody''s place');
select test.clock('2025-01-15 10:00:30+00');
select is((select (next_in, keys)::text from pgconductor.due_schedules(10)), '(,"{b,a,later}")', 'at its time it is due');
-- A thousand schedules that are not due cost a look nothing.
insert into pgconductor.schedules (key, task_key, cron, last_tick, look_at, created_at, updated_at) select 's' || n, 't', '@daily', now(), '2030-01-01', now(), now() from generate_series(1, 20000) n;
analyze pgconductor.schedules;
select cmp_ok((select blocks from test.cost('select * from pgconductor.schedules s where not s.paused and s.look_at <= ''2025-01-15 10:00:30+00'' order by s.look_at limit 10')), '<', 20::bigint, 'a look reads what is due, of 20,000');
select * from finish();
rollback;
