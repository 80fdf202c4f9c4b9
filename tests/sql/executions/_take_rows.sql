begin;
select plan(9);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.tasks (key, lane) values ('t', '');
create function pg_temp.take(variadic n integer[]) returns record language sql as $$
    select x from pgconductor._take_rows('default', (select array_agg(e.ctid) from pgconductor.executions e where e.id in (select test.id(x) from unnest(n) x))) x
$$;
insert into pgconductor.executions (id, task_key, lane, run_at, created_at, priority, attempts, payload) values
    (test.id(1), 't', '', '2025-01-15 09:00+00', '2025-01-15 08:00+00', 0, 0, '1'), (test.id(2), 't', '', '2025-01-15 08:00+00', '2025-01-15 08:00+00', 0, 4, '2'),
    (test.id(3), 't', '', '2025-01-15 09:30+00', '2025-01-15 08:00+00', 1, 0, '3'), (test.id(4), 't', '', '2025-01-15 09:00+00', '2025-01-15 08:00+00', 0, 0, '4'),
    (test.id(5), 't', '', '2025-01-15 09:00+00', '2025-01-15 08:00+00', 0, 0, '5'), (test.id(6), 't', '', '2025-01-15 09:01+00', '2025-01-15 08:00+00', 0, 0, null);
update pgconductor.executions set dedupe_key = 'k' where id = test.id(4);
update pgconductor.executions set large_payload_bytes = 9000 where id = test.id(6);
update pgconductor.executions set trace_parent = 'here', errors = '[1]', max_attempts = 7 where id = test.id(5);

create temp table taken as select x.* from pgconductor._take_rows('default', (select array_agg(e.ctid) from pgconductor.executions e where e.id in (test.id(1), test.id(2), test.id(3)))) x;
select results_eq('select size, ids, task_keys, priorities, attempts, run_ats, created_ats, payloads from taken', $$ values (3,
    array[test.id(3), test.id(2), test.id(1)], '{t,t,t}'::text[], '{1,0,0}'::smallint[], '{1,5,1}'::smallint[],
    '{2025-01-15 09:30+00,2025-01-15 08:00+00,2025-01-15 09:00+00}'::timestamptz[], array_fill(timestamptz '2025-01-15 08:00+00', array[3]), '{3,2,1}'::jsonb[]) $$, 'in the order to run, each a start more');
select results_eq('select simple, large, extras from taken', 'values (true, false, null::jsonb[])', 'nothing rare: no extras at all');
select is_empty('select from pgconductor.executions where id in (test.id(1), test.id(2), test.id(3))', 'they are gone');
select is((select count(*) from pgconductor.executions), 3::bigint, 'the others are not');
delete from taken;
insert into taken select x.* from pgconductor._take_rows('default', (select array_agg(e.ctid) from pgconductor.executions e where e.id in (test.id(4), test.id(5)))) x;
select results_eq('select simple, large from taken', 'values (false, false)', 'a dedupe key is more than forgetting');
select is((select extras from taken), case (select ids[1] from taken) when test.id(4)
    then array['{"dedupe_key": "k"}', '{"errors": [1], "max_attempts": 7, "trace_parent": "here"}']::jsonb[]
    else array['{"errors": [1], "max_attempts": 7, "trace_parent": "here"}', '{"dedupe_key": "k"}']::jsonb[] end, 'the rarer columns');
delete from taken;
insert into taken select x.* from pgconductor._take_rows('default', (select array_agg(e.ctid) from pgconductor.executions e)) x;
select results_eq('select size, simple, large, payloads, extras from taken', $$ values (1, false, true, array[null]::jsonb[], array['{"large_payload_bytes": 9000}']::jsonb[]) $$, 'a large payload stays where it is');
select is((select size from pgconductor._take_rows('default', '{}')), 0, 'nothing asked for: nothing taken');
select is((select size from pgconductor._take_rows('default', null)), 0, 'nor of null');
select * from finish();
rollback;
