begin;
select plan(4);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.schedule('b', 't', '* * * * *', '{"n": 1}', 'Europe/Berlin', p_priority => 7, p_missed => 'skip', p_tolerance => '90 seconds', p_catch_up => 3, p_overlap => false);
    select pgconductor.declare_schedules('shop', '[{"key": "a", "task_key": "t", "cron": "@daily"}]') $$, 'two');
select results_eq($$ select key, service, task_key, queue, cron, time_zone, payload, priority, missed, tolerance_seconds, catch_up, overlap, paused, last_tick, next_run_at, last_run_at, fault, created_at, updated_at from pgconductor.list_schedules('b') $$,
    $$ values ('b'::text, null::text, 't'::text, null::text, '* * * * *'::text, 'Europe/Berlin'::text, '{"n": 1}'::jsonb, 7, 'skip'::text, 90::double precision, 3, false, false, timestamptz '2025-01-15 10:00+00',
        null::timestamptz, null::timestamptz, null::text, timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00+00') $$, 'one, with all that is known');
select is((select array_agg(key || coalesce(service, '-')) from pgconductor.list_schedules()), '{ashop,b-}', 'all, by key');
select is_empty($$ select * from pgconductor.list_schedules('c') $$, 'none of that key');
select * from finish();
rollback;
