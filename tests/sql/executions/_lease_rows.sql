begin;
select plan(16);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.tasks (key, lane, keep_completed) values ('none', '', '0'), ('day', '', '1 day');
create function pg_temp.lease(variadic n integer[]) returns setof record language sql as $$
    select c.lease_id, c.position, c.id, c.next_position from pgconductor._lease_rows(test.id(9), 'default', (select array_agg(e.ctid) from pgconductor.executions e where e.id in (select test.id(x) from unnest(n) x)), pgconductor.current_time(), '["here"]') c
$$;
insert into pgconductor.executions (id, task_key, lane, run_at, priority, dedupe_key, trace_parent, errors, max_attempts) values
    (test.id(1), 'none', '', '2025-01-15 09:00+00', 0, null, null, null, null), (test.id(2), 'none', '', '2025-01-15 08:00+00', 0, null, null, null, null),
    (test.id(3), 'none', '', '2025-01-15 09:30+00', 1, null, 'trace', '[1]', 7), (test.id(4), 'none', '', '2025-01-15 09:00+00', 0, 'k', null, null, null),
    (test.id(5), 'day', '', '2025-01-15 09:00+00', 0, null, null, null, null), (test.id(6), 'none', '', '2025-01-15 09:00+00', 0, null, null, null, null);
update pgconductor.executions set payload = null, large_payload_bytes = 3 where id = test.id(6);
insert into pgconductor.payloads values (test.id(6), '"x"');

select results_eq($$ select position, id, next_position from pg_temp.lease(1, 2, 3) x (lease_id bigint, position integer, id uuid, next_position jsonb) order by position $$,
    $$ values (1, test.id(3), '["here"]'::jsonb), (2, test.id(2), null), (3, test.id(1), null) $$, 'positions by priority, then time; the next claim''s position with the first');
select is((select array_agg(id) from pgconductor.executions where id in (test.id(1), test.id(2), test.id(3))), null, 'they are no longer in executions');
select results_eq('select ids, task_keys, priorities, attempts, run_ats, size, plain, done from pgconductor.leases',
    $$ values (array[test.id(3), test.id(2), test.id(1)], '{none,none,none}'::text[] collate "C", '{1,0,0}'::smallint[], '{1,1,1}'::smallint[],
        '{2025-01-15 09:30+00,2025-01-15 08:00+00,2025-01-15 09:00+00}'::timestamptz[], 3, true, '{}'::smallint[]) $$, 'but in parallel arrays');
select results_eq($$ select id % 2048, abs(id / 2048 - extract(epoch from clock_timestamp()) * 1000000) < 60 * 1000000 from pgconductor.leases $$,
    $$ values ((pg_backend_pid() % 2048)::bigint, true) $$, 'its id says when, to the microsecond, and in which session: two sessions may claim in the same one');
select is((select extras from pgconductor.leases), array['{"errors": [1], "max_attempts": 7, "trace_parent": "trace"}', null, null]::jsonb[], 'the rarer columns only where there are any');
delete from pgconductor.leases;
select is((select count(*) from pg_temp.lease(4) x (a bigint, b integer, c uuid, d jsonb)), 1::bigint, 'with a key');
select is((select plain from pgconductor.leases), false, 'is not plain');
delete from pgconductor.leases;
select is((select count(*) from pg_temp.lease(5) x (a bigint, b integer, c uuid, d jsonb)), 1::bigint, 'with history');
select is((select plain from pgconductor.leases), false, 'is not plain');
delete from pgconductor.leases;
select is((select c.payload from pgconductor._lease_rows(test.id(9), 'default', (select array_agg(e.ctid) from pgconductor.executions e where e.id = test.id(6)), pgconductor.current_time(), null) c), '"x"', 'a large payload is handed out');
select is((select plain from pgconductor.leases), false, 'is not plain');
select is((select payloads from pgconductor.leases), array[null]::jsonb[], 'and is not in the lease');
select is_empty($$ select * from pgconductor._lease_rows(test.id(9), 'default', '{}', now(), null) $$, 'no rows');
select is((select count(*) from pgconductor.leases), 1::bigint, 'no lease');

-- Steps and parents.
delete from pgconductor.leases;
insert into pgconductor.executions (id, task_key, lane, run_at, flow) values (test.id(11), 'none', '', '2025-01-15 09:00+00', null), (test.id(12), 'none', '', '2025-01-15 09:01+00', '{"parent": "x", "waiting": true}');
insert into pgconductor.steps (execution_id, name, ordinal, started_at, finished_at) values (test.id(12), 'a', 1, '2025-01-15 09:00+00', '2025-01-15 09:00+00');
select is((select array_agg(steps #>> '{0,0}' order by position) from pgconductor._lease_rows(test.id(9), 'default', (select array_agg(ctid) from pgconductor.executions where id in (test.id(11), test.id(12))), pgconductor.current_time(), null)), array[null, 'a'], 'steps come along');
select results_eq('select plain, stepped, extras[2] from pgconductor.leases', $$ values (false, '{2}'::smallint[], '{"flow": {"parent": "x", "waiting": true}}'::jsonb) $$, 'the lease knows who has some');
select * from finish();
rollback;
