-- A million rows that are due and may not run: of a task outside its window, of a paused one, of one that this worker does
-- not serve. None is in the way of the ten that may.
begin;
-- In files of its own, without what earlier tests left behind.
truncate pgconductor.executions;
select plan(18);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 'held', 't'), test.worker(2, 'default', 'held', 't', 'foreign');
    update pgconductor.tasks set window_start = '01:00', window_end = '02:00' where key = 'held';
    select test.million('held', 'held', '2025-01-01 00:00+00') $$, 'a million of a task whose window is closed');
create function pg_temp.ten() returns void language sql as $$
    insert into pgconductor.executions (task_key, lane, run_at) select 't', '', '2025-01-15 09:00+00'::timestamptz + n * interval '1 second' from generate_series(1, 10) n
$$;
\set claim '''select * from pgconductor.claim_executions(test.id(1), ''''default'''', 10)'''
select pg_temp.ten(), cardinality(test.claim(1, 'default', 10)), pg_temp.ten() \gset x
select * from test.cost(:claim) \gset c_
select is(:c_n::bigint, 10::bigint, 'closed window: the ten');
select cmp_ok(:c_entries::bigint, '<=', 50::bigint, format('from %s index entries', :c_entries));
select cmp_ok(:c_blocks::bigint, '<=', 200::bigint, format('and %s blocks (%s ms)', :c_blocks, :c_ms));
select * from test.cost(:claim) \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 150::bigint, format('an empty claim: %s blocks (%s ms)', :c_blocks, :c_ms));

update pgconductor.tasks set window_start = null, window_end = null, paused = true where key = 'held';
select pg_temp.ten() \gset x
select * from test.cost(:claim) \gset c_
select is(:c_n::bigint, 10::bigint, 'paused: the ten');
select cmp_ok(:c_entries::bigint, '<=', 80::bigint, format('from %s index entries', :c_entries));
select cmp_ok(:c_blocks::bigint, '<=', 200::bigint, format('and %s blocks (%s ms)', :c_blocks, :c_ms));
select * from test.cost(:claim) \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 150::bigint, format('an empty claim: %s blocks (%s ms)', :c_blocks, :c_ms));

-- Unknown, in its own lane: its key is not ours.
delete from pgconductor.workers where orchestrator_id = test.id(1);
update pgconductor.tasks set paused = false where key = 'held';
select lives_ok($$ select test.worker(1, 'default', 't') $$, 'the worker does not serve it any more');
select pg_temp.ten() \gset x
select * from test.cost(:claim) \gset c_
select is(:c_n::bigint, 10::bigint, 'unknown: the ten');
select cmp_ok(:c_entries::bigint, '<=', 100::bigint, format('from %s index entries', :c_entries));
select cmp_ok(:c_blocks::bigint, '<=', 200::bigint, format('and %s blocks (%s ms)', :c_blocks, :c_ms));

-- Unknown, still in the plain lane, in front: a claim moves a bounded number out of the way, so none takes long.
select lives_ok($$ insert into pgconductor.executions (task_key, lane, run_at) select 'foreign', '', '2025-01-14 00:00+00'::timestamptz + n * interval '1 millisecond' from generate_series(1, 20000) n $$, 'twenty thousand unknown in front');
select * from test.cost(:claim) \gset c_
select is((select count(*) from pgconductor.executions where task_key = 'foreign' and lane = 'foreign'), 610::bigint, 'a claim of ten moves six hundred and ten');
select cmp_ok(:c_blocks::bigint, '<=', 25000::bigint, format('with %s blocks (%s ms)', :c_blocks, :c_ms));
create function pg_temp.claims_until_found() returns integer language plpgsql as $$
begin
    for i in 2..100 loop
        if cardinality(test.claim(1, 'default', 10)) > 0 then
            return i;
        end if;
    end loop;
    return null;
end
$$;
select pg_temp.ten() \gset x
select cmp_ok(pg_temp.claims_until_found(), '<=', 34, 'after a bounded number of claims the ten behind them are found');
select is((select count(*) from pgconductor.executions where task_key = 'foreign' and lane = 'foreign'), 20000::bigint, 'and all of them are out of the way');
select * from finish();
rollback;
