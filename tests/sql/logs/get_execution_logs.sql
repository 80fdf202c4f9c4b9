begin;
select plan(7);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.tasks (key, keep_logs) values ('t', '7 days');
select pgconductor.maintain();
select pgconductor.append_execution_logs(array_fill(test.id(1), array[6]), array_fill('t'::text, array[6]), '{1,1,1,1,1,2}', '{2,1,3,4,5,1}',
    array['2025-01-15 09:00+00', '2025-01-15 09:00+00', '2025-01-15 09:00:01+00', '2025-01-15 09:00:02+00', '2025-01-15 09:00:03+00', '2025-01-15 09:10+00']::timestamptz[],
    '{2,1,3,0,4,5}', '{a,b,c,d,e,f}', '{second,first,third,fourth,fifth,last}', array[null, null, null, null, 'boom', null]);
select pgconductor.append_execution_logs(array[test.id(2)], '{t}', '{1}', '{1}', array[now()], '{2}', '{x}', '{another}');

select results_eq('select message, level, attempt from pgconductor.get_execution_logs(test.id(1))',
    $$ values ('first', 'debug', 1), ('second', 'information', 1), ('third', 'warning', 1), ('fourth', 'trace', 1), ('fifth', 'error', 1), ('last', 'critical', 2) $$,
    'in order of time, and within one instant of the run');
select results_eq('select exception, category from pgconductor.get_execution_logs(test.id(1), 10, 4)', $$ values ('boom', 'e'), (null, 'f') $$, 'errors and above');
select results_eq('select message from pgconductor.get_execution_logs(test.id(1), 2)', $$ values ('fifth'), ('last') $$, 'the newest two');
select results_eq('select message from pgconductor.get_execution_logs(test.id(1), 0)', $$ values ('last') $$, 'one at least');
select is_empty('select * from pgconductor.get_execution_logs(test.id(9))', 'nothing of an execution that logged nothing');

-- Asked by the index, in every partition.
insert into pgconductor.execution_logs (execution_id, expires_at, logged_at, ordinal, attempt, level, category, message)
select gen_random_uuid(), '2025-01-22 10:00+00', now(), 1, 1, 2, 'c', 'm' from generate_series(1, 100000);
analyze pgconductor.execution_logs;
select * from test.cost('select * from pgconductor.get_execution_logs(test.id(1))') \gset c_
select is(:c_n::bigint, 6::bigint, 'among a hundred thousand others: the six');
select cmp_ok(:c_blocks::bigint, '<=', 250::bigint, format('from %s blocks', :c_blocks));
select * from finish();
rollback;
