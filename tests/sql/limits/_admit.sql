begin;
select plan(30);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.tasks (key, limit_path, max_running, max_running_per_key) values ('t', '{k}', 5, 2);
create function pg_temp.add(task text, first integer, key text, n integer, lane text default null) returns void language sql as $$
    insert into pgconductor.executions (id, task_key, lane, run_at, payload)
    select test.id(first + i), task, coalesce(lane, task), '2025-01-15 09:00+00'::timestamptz + (first + i) * interval '1 second', jsonb_build_object('k', key) from generate_series(1, n) i
$$;
create function pg_temp.admit(task text, want integer, in_lane text default null, max_bytes bigint default 4194304) returns record language sql as $$
    select a from pgconductor._admit('default', coalesce(in_lane, task), task, (select array_agg(e.ctid) from pgconductor.executions e where e.lane = coalesce(in_lane, task)), want, max_bytes, pgconductor.current_time()) a
$$;
create function pg_temp.taken(task text, want integer, in_lane text default null, max_bytes bigint default 4194304,
    out ids uuid[], out slots jsonb[], out moved integer, out bytes bigint, out full_ boolean) language sql as $$
    select a.ids, a.slots, a.moved, a.bytes, a.full
    from pgconductor._admit('default', coalesce(in_lane, task), task, (select array_agg(e.ctid) from pgconductor.executions e where e.lane = coalesce(in_lane, task)), want, max_bytes, pgconductor.current_time()) a
$$;
-- What a claim would do with them.
create function pg_temp.gone(ids uuid[]) returns uuid[] language sql as $$ delete from pgconductor.executions where id = any (ids); select ids $$;

select pg_temp.add('t', 100, 'a', 4), pg_temp.add('t', 200, 'b', 1);
create temp table one as select * from pg_temp.taken('t', 10);
select is((select ids from one), array[test.id(101), test.id(102), test.id(201)], 'two of a key, in order of time');
select is((select slots from one), array['["", "=a"]', '["", "=a"]', '["", "=b"]']::jsonb[], 'each holds a slot of the task and one of its key');
select is((select moved from one), 2, 'the others of the key go');
select is((select array_agg(id order by id) from pgconductor.executions where lane = pgconductor._held_lane('t', '=a')), array[test.id(103), test.id(104)], 'to its lane');
select results_eq('select key, queue, lane, revision, opens_at from pgconductor.held_lanes', $$ values ('=a' collate "C", 'default' collate "C", pgconductor._held_lane('t', '=a') collate "C", 0, timestamptz 'infinity') $$, 'which is marked, until a slot comes back');
select results_eq('select key, running from pgconductor.limits order by key', $$ values ('' collate "C", 3), ('=a', 2), ('=b', 1) $$, 'all counted');
select lives_ok('select pg_temp.gone(ids) from one', '(they run)');

-- A newcomer of a held-back key goes behind the others, even when there is a slot.
update pgconductor.limits set running = 1 where key = '=a';
select pg_temp.add('t', 300, 'a', 1);
create temp table two as select * from pg_temp.taken('t', 10);
select is((select ids from two), null, 'it does not overtake');
select is((select moved from two), 1, 'but goes to the lane');
create temp table three as select * from pg_temp.taken('t', 10, pgconductor._held_lane('t', '=a'));
select is((select ids from three), array[test.id(103)], 'where the first takes the slot');
select is((select moved from three), 0, 'and nothing moves');
select lives_ok('select pg_temp.gone(ids) from three', '(it runs)');

-- The task's own limit: what it holds back stays where it is.
select pg_temp.add('t', 400 + k, 'c' || k, 1) from generate_series(1, 3) k;
create temp table four as select * from pg_temp.taken('t', 10);
select is((select cardinality(ids) from four), 1, 'one slot of five was left');
select is((select moved from four), 0, 'nothing moves');
select is((select running from pgconductor.limits where key = ''), 5, 'five run');
select is((select ids from pg_temp.taken('t', 10)), null, 'none is left');
select is((select ids from pg_temp.taken('t', 0)), null, 'nothing wanted, nothing taken');

-- No more than wanted, and in order.
insert into pgconductor.tasks (key, max_running) values ('w', 100);
select pg_temp.add('w', 500, 'x', 10);
select is((select ids from pg_temp.taken('w', 3)), array[test.id(501), test.id(502), test.id(503)], 'the first three');
select is((select running from pgconductor.limits where task_key = 'w'), 3, 'three counted');
select is((select slots from pg_temp.taken('w', 1)), array['[""]']::jsonb[], 'the task''s slot only');

-- Bytes, and keys of large payloads.
insert into pgconductor.tasks (key, limit_path, max_running_per_key) values ('l', '{k}', 2);
insert into pgconductor.executions (id, task_key, lane, run_at, payload, large_payload_bytes) select test.id(600 + i), 'l', 'l', '2025-01-15 09:00+00', null, 10000 from generate_series(1, 4) i;
insert into pgconductor.payloads select test.id(600 + i), jsonb_build_object('k', i / 4) from generate_series(1, 4) i;
create temp table five as select * from pg_temp.taken('l', 10, null, 15000);
select results_eq('select ids, bytes, full_ from five', $$ values (array[test.id(601)], 10000::bigint, true) $$, 'one fits, and is enough');
select is((select moved from five), 1, 'the third of the key goes, by its large payload''s key');
select is((select running from pgconductor.limits where task_key = 'l'), 1, 'only what was taken is counted');

-- Rates.
insert into pgconductor.tasks (key, limit_path, key_rate_count, key_rate_seconds, key_rate_burst) values ('r', '{k}', 1, 60, 2);
select pg_temp.add('r', 700, 'a', 3);
create temp table six as select * from pg_temp.taken('r', 10);
select results_eq('select ids, slots, moved from six', $$ values (array[test.id(701), test.id(702)], null::jsonb[], 1) $$, 'two tokens; they hold no slot');
select is((select opens_at from pgconductor.held_lanes where task_key = 'r'), timestamptz '2025-01-15 10:01:00.000001+00', 'the next in a minute');

-- Fairness.
insert into pgconductor.tasks (key, limit_path, fair) values ('f', '{k}', true);
select pg_temp.add('f', 800, 'a', 6), pg_temp.add('f', 900, 'b', 1);
create temp table seven as select * from pg_temp.taken('f', 4);
select is((select array_agg(i order by i) from seven, unnest(ids) i), array[test.id(801), test.id(802), test.id(901)], 'more than wanted: equal shares');
select is((select moved from seven), 4, 'the rest of the first is out of the others'' way');
select is((select opens_at from pgconductor.held_lanes where task_key = 'f'), pgconductor.current_time(), 'and open');
delete from pgconductor.executions where task_key = 'f';
delete from pgconductor.held_lanes where task_key = 'f';
select pg_temp.add('f', 800, 'a', 4);
select results_eq('select cardinality(ids), moved from pg_temp.taken($$f$$, 4)', 'values (4, 0)', 'as many as wanted: no need for turns');
select is((select ids from pg_temp.taken('f', 4, 'nowhere')), null, 'no rows');
select * from finish();
rollback;
