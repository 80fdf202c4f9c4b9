begin;
select plan(47);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

-- A worker as register_worker takes it.
create function pg_temp.register(n integer, queue text, tasks jsonb) returns text language plpgsql as $$
begin
    perform pgconductor.register_orchestrator(test.id(n), 'o' || n, '1', 1);
    perform pgconductor.register_worker(test.id(n), queue, tasks);
    return 'registered';
exception when others then
    return sqlstate || ' ' || sqlerrm;
end
$$;
create function pg_temp.lanes(variadic keys text[]) returns text[] language sql as $$
    select array_agg((select t.lane from pgconductor.tasks t where t.key = k) order by n) from unnest(keys) with ordinality u (k, n)
$$;

-- Settings.
select throws_ok($$ select pgconductor.register_worker(test.id(99), 'q', '[]') $$, 'PC001', null, 'an unknown orchestrator: PC001');
select is(pg_temp.register(1, 'q', '[{"key": "plain"}, {"key": "full", "queue": "default", "max_attempts": 3, "backoff_seconds": [1, 2.5],
    "backoff_jitter": 0, "keep_completed_seconds": 60, "keep_failed_seconds": -1, "window_start": "22:00", "window_end": "06:00",
    "time_zone": "Europe/Berlin"}]'), 'registered', 'two tasks');
select is((select count(*) from pgconductor.queues where name = 'q'), 1::bigint, 'the queue is made');
select results_eq($$ select queue, max_attempts, backoff_seconds, backoff_jitter, keep_completed, keep_failed, window_start, window_end, time_zone
    from pgconductor.tasks where key = 'full' $$,
    $$ values ('default'::text collate "C", 3, '{1,2.5}'::double precision[], 0::double precision, interval '1 minute', null::interval,
        time '22:00', time '06:00', 'Europe/Berlin') $$, 'every setting is written');
select results_eq($$ select queue, max_attempts, backoff_seconds, backoff_jitter, keep_completed, keep_failed, window_start, time_zone
    from pgconductor.tasks where key = 'plain' $$,
    $$ values ('q'::text collate "C", 5, '{15,30,60,120,300,600,1200,2400,3600,7200}'::double precision[], 0.1::double precision,
        interval '1 day', interval '14 days', null::time, 'UTC') $$, 'the defaults of design part 5, on the worker''s queue');
select results_eq($$ select queue, task_keys from pgconductor.workers where orchestrator_id = test.id(1) $$,
    $$ values ('q'::text collate "C", '{full,plain}'::text[] collate "C") $$, 'and who serves what');
select is(pg_temp.register(1, 'q', '[{"key": "plain", "max_attempts": 7}, {"key": "full", "queue": "default"}]'), 'registered', 'again, with one setting');
select results_eq($$ select max_attempts, keep_completed from pgconductor.tasks where key in ('plain', 'full') order by key $$,
    $$ values (3, interval '1 minute'), (7, interval '1 day') $$, 'what is left out keeps its value');
create temp table before as select ctid as place from pgconductor.tasks where key = 'plain';
select is(pg_temp.register(1, 'q', '[{"key": "plain", "max_attempts": 7}, {"key": "full", "queue": "default"}]'), 'registered', 'and once more the same');
select is((select ctid from pgconductor.tasks where key = 'plain'), (select place from before), 'a row that would not change is not written');
select is(pg_temp.register(1, 'q', '[{"key": "full", "queue": "default", "window_start": null, "window_end": null}]'), 'registered', 'a null window');
select is((select window_start from pgconductor.tasks where key = 'full'), null, 'removes it');
select is(pg_temp.register(1, 'q', '[{"key": "full", "queue": "default", "limits": {"concurrency": 3, "key": "a.b", "concurrency_per_key": 1, "rate": {"count": 5, "seconds": 60, "burst": 2}}}]'), 'registered', 'limits');
select results_eq($$ select max_running, limit_path, max_running_per_key, rate_count, rate_seconds, rate_burst, holds, lane from pgconductor.tasks where key = 'full' $$,
    $$ values (3, '{a,b}'::text[] collate "C", 1, 5, 60::double precision, 2, true, pgconductor._own_lane('full', true) collate "C") $$, 'are the task''s, which has a lane of its own');
select is(pg_temp.register(1, 'q', '[{"key": "full", "queue": "default"}]'), 'registered', 'left out');
select is((select max_running from pgconductor.tasks where key = 'full'), 3, 'they stay');
select is(pg_temp.register(1, 'q', '[{"key": "full", "queue": "default", "limits": {"concurrency": 4}}]'), 'registered', 'others');
select results_eq($$ select max_running, limit_path, rate_count from pgconductor.tasks where key = 'full' $$, $$ values (4, null::text[] collate "C", null::integer) $$, 'replace all of them');
select is(pg_temp.register(1, 'q', '[{"key": "full", "queue": "default", "limits": null}]'), 'registered', 'null');
select is((select max_running from pgconductor.tasks where key = 'full'), null, 'removes them');
select is((select task_keys from pgconductor.workers where orchestrator_id = test.id(1)), '{full}', 'the last registration is what the worker serves');

-- Settings that cannot be: PC004, the task named, nothing changed.
select matches(pg_temp.register(2, 'q', tasks::jsonb), '^PC004 .*' || named, what) from (values
    ('{"key": "a"}', 'list of tasks', 'an object in place of the array'),
    ('null', 'null', 'no list at all'),
    ('[{"max_attempts": 3}]', 'null', 'a task without a key'),
    ('[{"key": ""}]', 'task key', 'an empty key'),
    ('[{"key": "?"}]', 'task key', 'the key "?"'),
    ('[{"key": "bad", "max_attempts": 0}]', '"bad"', 'no attempts'),
    ('[{"key": "bad", "max_attempts": 99999999999}]', '"bad"', 'attempts beyond an integer'),
    ('[{"key": "bad", "max_attempts": "many"}]', '"bad"', 'attempts that are no number'),
    ('[{"key": "bad", "backoff_seconds": []}]', '"bad"', 'an empty backoff'),
    ('[{"key": "bad", "backoff_seconds": [-1]}]', '"bad"', 'a negative backoff'),
    ('[{"key": "bad", "backoff_seconds": [1, null]}]', '"bad"', 'a backoff with a hole'),
    ('[{"key": "bad", "backoff_seconds": [1e300]}]', '"bad"', 'a backoff that no interval holds'),
    ('[{"key": "bad", "backoff_jitter": 2}]', '"bad"', 'jitter over 1'),
    ('[{"key": "bad", "keep_completed_seconds": 1e300}]', '"bad"', 'a retention that no interval holds'),
    ('[{"key": "bad", "keep_failed_seconds": 1e12}]', '"bad"', 'a retention of 30000 years'),
    ('[{"key": "bad", "limits": {"concurrency": 0}}]', '"bad"', 'limits that cannot be'),
    ('[{"key": "bad", "window_start": "09:00"}]', '"bad"', 'half a window'),
    ('[{"key": "bad", "window_start": "09:00", "window_end": "09:00"}]', '"bad"', 'a window of no length'),
    ('[{"key": "bad", "window_start": "nine", "window_end": "10:00"}]', '"bad"', 'a window that is no time'),
    ('[{"key": "bad", "time_zone": "Mars/Phobos"}]', '"bad"', 'a zone that is not on this planet')) v (tasks, named, what);
select is((select count(*) from pgconductor.tasks where key in ('bad', 'a')), 0::bigint, 'and nothing of it stays');

-- Lanes. q2: both workers serve both tasks; then one joins that serves only one (a rolling deploy).
select is(array[pg_temp.register(3, 'q2', '[{"key": "x"}, {"key": "y"}, {"key": "w", "window_start": "09:00", "window_end": "17:00"}]'),
    pg_temp.register(4, 'q2', '[{"key": "x"}, {"key": "y"}, {"key": "w"}]')], '{registered,registered}', 'two workers alike');
select is(pg_temp.lanes('x', 'y', 'w'), '{"","",w}', 'tasks that all serve share the plain lane; a windowed one has its own');
select is(pg_temp.register(5, 'q2', '[{"key": "x"}]'), 'registered', 'a worker without y joins');
select is(pg_temp.lanes('x', 'y', 'w'), '{"",y,w}', 'y leaves the plain lane at once');
select ok(pgconductor.orchestrator_shutdown(test.id(5)) = 0 and pg_temp.register(4, 'q2', '[{"key": "x"}, {"key": "y"}, {"key": "w"}]') = 'registered'
    and pg_temp.lanes('y') = '{""}', 'when it has left, the next registration takes y back');

select * from finish();
rollback;
