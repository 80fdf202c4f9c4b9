-- Enqueueing beside a hundred thousand waiting rows, ten thousand tasks and ten thousand keys costs what it costs beside none.
begin;
-- In files of its own, without what earlier tests left behind.
truncate pgconductor.executions;
select plan(6);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ insert into pgconductor.tasks (key) select 'task ' || n from generate_series(1, 10000) n;
    insert into pgconductor.executions (id, task_key, lane, run_at) select gen_random_uuid(), 'task 1', '', '2025-01-16 00:00+00'::timestamptz + n * interval '1 second' from generate_series(1, 100000) n;
    insert into pgconductor.dedupe_keys select 'task 1', 'key ' || n, gen_random_uuid(), 'default' from generate_series(1, 10000) n; analyze pgconductor.tasks; analyze pgconductor.dedupe_keys; analyze pgconductor.executions $$, 'a full table');
select pgconductor.invoke('task 77'), pgconductor.invoke('task 77', p_dedupe_key => 'x');
select * from test.cost('select pgconductor.invoke(''task 78'')') \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 60::bigint, format('an invoke: %s blocks (%s ms)', :c_blocks, :c_ms));
select test.worker(1, 'default', 'task 77'), pgconductor.invoke_and_claim(test.id(1), 'default', 'task 77');
select * from test.cost('select pgconductor.invoke_and_claim(test.id(1), ''default'', ''task 77'')') \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 60::bigint, format('one that is claimed at once: %s blocks (%s ms)', :c_blocks, :c_ms));
select * from test.cost('select pgconductor.invoke(''task 78'', p_dedupe_key => ''x'')') \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 80::bigint, format('one with a key: %s blocks (%s ms)', :c_blocks, :c_ms));
select * from test.cost($$ select count(*) from pgconductor.invoke_batch(array_fill('task 79'::text, array[1000]), array_fill('{}'::jsonb, array[1000]), array(select pgconductor.uuid_v7() from generate_series(1, 1000))) $$) \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 20000::bigint, format('a thousand at once: %s blocks (%s ms)', :c_blocks, :c_ms));
select * from test.cost('select count(pgconductor.uuid_v7()) from generate_series(1, 10000)') \gset c_
select cmp_ok(:c_ms::numeric, '<=', 500::numeric, format('an id: %s microseconds (two on an idle machine)', :c_ms / 10));
select * from finish();
rollback;
