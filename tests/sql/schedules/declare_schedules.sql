begin;
select plan(18);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.schedule('dynamic', 't', '@daily') $$, 'a dynamic one is there');
select is(pgconductor.declare_schedules('shop', '[{"key": "b", "task_key": "t", "cron": "@daily"}, {"key": "a", "task_key": "t", "cron": "@hourly", "payload": {"n": 1}, "time_zone": "Europe/Berlin",
    "priority": 5, "missed": "all", "tolerance_seconds": 90, "catch_up": 7, "overlap": false}]')::text, '(2,0,0)', 'two are made');
select results_eq($$ select key, service, cron, time_zone, payload, priority, missed, tolerance, catch_up, overlap from pgconductor.schedules where service = 'shop' order by key $$,
    $$ values ('a'::text collate "C", 'shop'::text collate "C", '@hourly', 'Europe/Berlin', '{"n": 1}'::jsonb, 5::smallint, 'all', interval '90 seconds', 7, false),
              ('b', 'shop', '@daily', 'UTC', '{}', 0::smallint, 'once', '1 minute', 100, true) $$, 'as they say, the rest with the defaults');
select is(pgconductor.declare_schedules('mail', '[{"key": "c", "task_key": "u", "cron": "@daily"}]')::text, '(1,0,0)', 'another service has one');

-- A restart.
select test.clock('2025-01-16 10:00+00');
select lives_ok($$ select pgconductor.pause_schedule('b') $$, 'one is paused');
select is(pgconductor.declare_schedules('shop', '[{"key": "b", "task_key": "t", "cron": "@daily"}, {"key": "a", "task_key": "t", "cron": "@hourly", "payload": {"n": 2}, "time_zone": "Europe/Berlin",
    "priority": 5, "missed": "all", "tolerance_seconds": 90, "catch_up": 7, "overlap": false}]')::text, '(0,1,0)', 'one has changed');
select is((select string_agg(concat_ws(' ', key, paused, last_tick at time zone 'UTC', payload), ', ' order by key) from pgconductor.schedules where service = 'shop'),
    'a f 2025-01-15 10:00:00 {"n": 2}, b t 2025-01-15 10:00:00 {}', 'what was missed is missed still, what is paused stays paused');

-- What it no longer declares.
select is(pgconductor.declare_schedules('shop', '[{"key": "b", "task_key": "t", "cron": "@daily"}]')::text, '(0,0,1)', 'one is declared no more');
select is((select array_agg(key order by key) from pgconductor.schedules), '{b,c,dynamic}', 'and gone; the other service''s and the dynamic one are not concerned');
select is(pgconductor.declare_schedules('shop', '[]')::text, '(0,0,1)', 'none any more');
select is((select array_agg(key order by key) from pgconductor.schedules), '{c,dynamic}', 'the other service''s and the dynamic one stay');

-- Refusals: nothing is changed by halves.
select throws_ok($$ select pgconductor.declare_schedules('shop', '[{"key": "a", "task_key": "t", "cron": "@daily"}, {"key": "c", "task_key": "t", "cron": "@daily"}]') $$, 'PC009', 'schedule "c" is declared by service "mail"', 'another service''s key');
select throws_ok($$ select pgconductor.declare_schedules('shop', '[{"key": "dynamic", "task_key": "t", "cron": "@daily"}]') $$, 'PC009', null, 'a dynamic one''s');
select throws_ok($$ select pgconductor.declare_schedules('shop', '[{"key": "a", "task_key": "t"}]') $$, 'PC004', null, 'no expression');
select throws_ok($$ select pgconductor.declare_schedules('', '[]') $$, 'PC004', null, 'no name');
select throws_ok($$ select pgconductor.declare_schedules(null, '[]') $$, 'PC004', null, 'a null one');
select throws_ok($$ select pgconductor.declare_schedules('shop', '{}') $$, 'PC004', null, 'not a list');
select is((select array_agg(key order by key) from pgconductor.schedules), '{c,dynamic}', 'nothing came of these');
select * from finish();
rollback;
