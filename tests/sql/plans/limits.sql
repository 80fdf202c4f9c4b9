-- A million due executions that limits hold back: of one key, and of a hundred thousand keys. None is in the way of the ten that may
-- run, nor of the key that opens among them.
begin;
-- In files of its own, without what earlier tests left behind.
truncate pgconductor.executions, pgconductor.limits, pgconductor.held_lanes, pgconductor.freed_slots;
analyze pgconductor.executions, pgconductor.limits, pgconductor.held_lanes, pgconductor.freed_slots;
select plan(23);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.register_orchestrator(test.id(1), 'o', '1', 1);
    select pgconductor.register_worker(test.id(1), 'default', '[{"key": "t"}, {"key": "held", "limits": {"key": "k", "concurrency_per_key": 1}}]') $$, 'a task with a limit per key, and one without');
-- As often as a session keeps its plans, on tables that are empty and known to be: a key that runs, is held back, and goes on.
select is((select sum(cardinality(test.claim(1, 'default', 10))) from generate_series(1, 8) n,
    lateral (select count(pgconductor.invoke('held', '{"k": "w"}', p_priority => 0 * (n + m))) from generate_series(1, 2) m) i), 1::bigint, 'one of its key runs');
do $$ begin
    while exists (select from pgconductor.leases) loop
        perform pgconductor.return_executions(test.id(1), array_agg(l.id)) from pgconductor.leases l;
        perform test.claim(1, 'default', 10);
    end loop;
end $$;
create function pg_temp.ten() returns void language sql as $$
    insert into pgconductor.executions (task_key, lane, run_at) select 't', '', '2025-01-15 09:00+00'::timestamptz + n * interval '1 second' from generate_series(1, 10) n
$$;
\set claim '''select * from pgconductor.claim_executions(test.id(1), ''''default'''', 10)'''
select pg_temp.ten(), cardinality(test.claim(1, 'default', 10)), pg_temp.ten() \gset x
select * from test.cost(:claim) \gset e_
select is(:e_n::bigint, 10::bigint, 'an empty system: the ten');

select lives_ok($$ select test.million('held', pgconductor._held_lane('held', '=1'), '2025-01-01 00:00+00');
    insert into pgconductor.held_lanes values ('held', '=1', 'default', pgconductor._held_lane('held', '=1'), 1, 'infinity');
    insert into pgconductor.limits values ('held', '=1', 1, null, null);
    update pgconductor.tasks set limits_revision = 1 where key = 'held' $$, 'a million of one key');
select pg_temp.ten() \gset x
select * from test.cost(:claim) \gset c_
select is(:c_n::bigint, 10::bigint, 'one key: the ten');
select cmp_ok(:c_entries::bigint, '<=', :e_entries::bigint + 11, format('from %s index entries: no more than in an empty system, and the ten that went since', :c_entries));
select cmp_ok(:c_blocks::bigint, '<=', :e_blocks::bigint + 60, format('and %s blocks, where it was %s (%s ms)', :c_blocks, :e_blocks, :c_ms));
select * from test.cost(:claim) \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 150::bigint, format('an empty claim: %s blocks (%s ms)', :c_blocks, :c_ms));

-- A hundred thousand keys, each with one that waits.
insert into pgconductor.held_lanes select 'held', '=k' || n, 'default', pgconductor._held_lane('held', '=k' || n), 1, 'infinity' from generate_series(1, 100000) n;
insert into pgconductor.limits select 'held', '=k' || n, 1, null, null from generate_series(1, 100000) n;
insert into pgconductor.executions (id, task_key, lane, run_at, payload) select test.id(100000000 + n), 'held', pgconductor._held_lane('held', '=k' || n), '2025-01-01 00:00+00', jsonb_build_object('k', 'k' || n) from generate_series(1, 100000) n;
select pg_temp.ten() \gset x
select * from test.cost(:claim) \gset c_
select is(:c_n::bigint, 10::bigint, 'a hundred thousand keys: the ten');
select cmp_ok(:c_entries::bigint, '<=', :e_entries::bigint + 22, format('from %s index entries', :c_entries));
select cmp_ok(:c_blocks::bigint, '<=', :e_blocks::bigint + 70, format('and %s blocks (%s ms)', :c_blocks, :c_ms));
select * from test.cost(:claim) \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 150::bigint, format('an empty claim: %s blocks (%s ms)', :c_blocks, :c_ms));

select * from test.cost($$ select pgconductor.invoke('held', '{"k": "k500"}') $$) \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 100::bigint, format('one more of a key that waits: %s blocks (%s ms)', :c_blocks, :c_ms));

-- Three of them open. One before them, so that nothing is planned for the first time.
insert into pgconductor.freed_slots values ('held', '=k5', 1);
select cardinality(test.claim(1, 'default', 10)) \gset x
insert into pgconductor.freed_slots select 'held', '=k' || n, 1 from unnest('{7,70000,99999}'::integer[]) n;
select * from test.cost(:claim) \gset c_
select is(:c_n::bigint, 3::bigint, 'three slots come back: three start');
select cmp_ok(:c_entries::bigint, '<=', 60::bigint, format('from %s index entries', :c_entries));
select cmp_ok(:c_blocks::bigint, '<=', 1200::bigint, format('and %s blocks (%s ms)', :c_blocks, :c_ms));
select is((select array_agg(u.id order by u.id) from pgconductor.leases l, unnest(l.ids, l.task_keys) u (id, task_key) where u.task_key = 'held' and u.id <> test.id(100000005)), array[test.id(100000007), test.id(100070000), test.id(100099999)], 'of the three keys');

-- Other limits for all of them: looked at a few a claim.
update pgconductor.tasks set max_running_per_key = 2 where key = 'held';
select pg_temp.ten() \gset x
select * from test.cost(:claim) \gset c_
select is(:c_n::bigint, 10::bigint, 'new limits for a hundred thousand keys: a claim is full');
select cmp_ok(:c_blocks::bigint, '<=', 4000::bigint, format('with %s blocks (%s ms)', :c_blocks, :c_ms));
select cmp_ok((select count(*) from pgconductor.held_lanes where revision = 2), '<=', 10::bigint, 'and as many keys looked at as it has places, at most');

-- A backlog in the task's own lane, as after a COPY: each claim moves a bounded number out of the way.
update pgconductor.tasks set max_running_per_key = 1 where key = 'held';
delete from pgconductor.held_lanes where key <> '=1';
update pgconductor.held_lanes set revision = 3;
insert into pgconductor.executions (task_key, lane, run_at, payload) select 'held', pgconductor._own_lane('held', true), '2025-01-14 00:00+00'::timestamptz + n * interval '1 millisecond', '{"k": 1}' from generate_series(1, 20000) n;
select * from test.cost(:claim) \gset c_
select cmp_ok((select count(*) from pgconductor.executions where task_key = 'held' and lane = pgconductor._own_lane('held', true)), '>=', 18700::bigint, 'a bounded number moves');
select cmp_ok((select count(*) from pgconductor.executions where task_key = 'held' and lane = pgconductor._own_lane('held', true)), '<=', 19800::bigint, 'and not too few');
select cmp_ok(:c_blocks::bigint, '<=', 35000::bigint, format('with %s blocks (%s ms)', :c_blocks, :c_ms));
select * from finish();
rollback;
