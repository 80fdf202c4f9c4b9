-- N20: two hundred queues, half of them with partitions: a claim, an invoke and a result touch only their own.
begin;
-- In files of its own, without what earlier tests left behind.
truncate pgconductor.executions;
select plan(8);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select is((select count(*) from generate_series(1, 200) n where pgconductor.create_queue('q' || n, n % 2 = 0)), 200::bigint, 'two hundred queues');
select lives_ok($$ select test.worker(1, 'q' || n, 't') from generate_series(1, 200) n;
    insert into pgconductor.executions (id, task_key, queue, lane, run_at) select test.id(n * 1000 + m), 't', 'q' || n, '', '2025-01-15 09:00+00' from generate_series(1, 200) n, generate_series(1, 20) m $$, 'twenty executions in each');
select test.claim(1, 'q2', 1), test.claim(1, 'q3', 1);
select * from test.cost('select * from pgconductor.claim_executions(test.id(1), ''q2'', 10)') \gset c_
select is(:c_n::bigint, 10::bigint, 'a claim from a partition');
select cmp_ok(:c_blocks::bigint, '<=', 400::bigint, format('looks at %s blocks (%s ms)', :c_blocks, :c_ms));
select * from test.cost('select * from pgconductor.claim_executions(test.id(1), ''q3'', 10)') \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 400::bigint, format('one from the default partition: %s blocks (%s ms)', :c_blocks, :c_ms));
select pgconductor.invoke('t', p_queue => 'q4');
select * from test.cost('select pgconductor.invoke(''t'', p_queue => ''q4'')') \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 60::bigint, format('an invoke: %s blocks (%s ms)', :c_blocks, :c_ms));
select test.finish(1, (select ids[1] from pgconductor.leases where queue = 'q2' order by id desc limit 1), 'failed');
select * from test.cost($$ select pgconductor.return_executions(test.id(1), '{}', array[(select max(id) from pgconductor.leases where queue = 'q2')], '{2}', '{failed}') $$) \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 200::bigint, format('a result: %s blocks (%s ms)', :c_blocks, :c_ms));
select is((select count(*) from pgconductor.list_queues()), 201::bigint, 'all are listed');
select * from finish();
rollback;
