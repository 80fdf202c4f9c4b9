-- Claims keep their plans for the session. Those made while the table is nearly empty, as autovacuum says too, must do
-- when it has grown: every way through a claim is gone once with a few rows, then again with many asleep behind them.
begin;
-- In files of its own, without what earlier tests left behind. The claim's index deeper than the primary key's, and the table empty for
-- all that statistics know: a way through the whole primary key seems cheaper then.
truncate pgconductor.executions;
insert into pgconductor.executions (task_key, queue, lane, run_at) select 't', 'zzz', repeat(md5(n::text), 20), '2025-01-16 10:00+00' from generate_series(1, 20000) n;
delete from pgconductor.executions;
analyze pgconductor.executions;
select plan(10);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't', 'short') $$, 'a worker');

-- Rows of executions read since the session began; it is not told in between, in one transaction.
create function pg_temp.read() returns bigint language sql as $$
    select (sum(s.seq_tup_read) + sum(s.idx_tup_fetch))::bigint from pg_stat_xact_user_tables s where s.relname like 'executions%'
$$;
-- Plain ones, one whose attempts are used up, one of an unknown task, two with large payloads.
create function pg_temp.ready() returns void language sql as $$
    insert into pgconductor.executions (task_key, lane, run_at, attempts, max_attempts, large_payload_bytes)
    values ('t', '', '2025-01-15 09:00+00', 0, null, null), ('t', '', '2025-01-15 09:01+00', 1, 1, null),
        ('unknown', '', '2025-01-15 09:02+00', 0, null, null), ('t', '', '2025-01-15 09:03+00', 0, null, 3000000), ('t', '', '2025-01-15 09:04+00', 0, null, 3000000)
$$;
select pg_temp.ready();
select is(cardinality(test.claim(1, 'default', 10)), 2, 'the plain one and one of the large ones');
select is(cardinality(test.claim(1, 'default', 10)), 1, 'then the other');
select is((select count(*) from pgconductor.failed_executions), 1::bigint, 'the exhausted one is a dead letter');
select is((select lane::text from pgconductor.executions where task_key = 'unknown'), 'unknown', 'the unknown one is out of the way');

insert into pgconductor.executions (task_key, lane, run_at) select 't', '', '2025-01-16 10:00+00' from generate_series(1, 30000);
select pg_temp.ready();
select pg_temp.read() as before \gset
select is(cardinality(test.claim(1, 'default', 10)), 2, 'the same among thirty thousand that sleep');
select is(cardinality(test.claim(1, 'default', 10)), 1, 'then the other');
select cmp_ok(pg_temp.read() - :before, '<', 200::bigint, format('reads %s rows', pg_temp.read() - :before));
select is((select count(*) from pgconductor.failed_executions), 2::bigint, 'the exhausted one is a dead letter');
select is((select count(*) from pgconductor.executions where lane = 'unknown'), 2::bigint, 'and the unknown one out of the way');
select * from finish();
rollback;
