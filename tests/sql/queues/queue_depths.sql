begin;
-- Without the dead rows that earlier tests left behind.
truncate pgconductor.executions;
select plan(5);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select pgconductor.create_queue('q'), pgconductor.create_queue('empty');
insert into pgconductor.executions (task_key, queue, run_at) select 't', 'q', '2025-01-15 09:00+00' from generate_series(1, 5);
insert into pgconductor.executions (task_key, queue, run_at) select 'u', 'q', '2025-01-15 11:00+00' from generate_series(1, 3);
insert into pgconductor.executions (task_key, queue, run_at) select 't', 'q', 'infinity' from generate_series(1, 2);
select results_eq($$ select * from pgconductor.queue_depths('{q,empty}') order by 1 $$, $$ values ('empty', 0::bigint, 0::bigint, 0::bigint), ('q', 5, 3, 2) $$, 'by state');
select is_empty($$ select * from pgconductor.queue_depths('{}') $$, 'no queue');
select is((select ready + scheduled + waiting from pgconductor.queue_depths('{q}', 4)), 4::bigint, 'no more are counted than asked for');

insert into pgconductor.executions (task_key, queue, lane, run_at) select 't', 'default', 't', '2025-01-15 09:00+00' from generate_series(1, 50000);
analyze pgconductor.executions;
select * from test.cost($$ select * from pgconductor.queue_depths('{default}', 1000) $$) \gset c_
select is((select ready from pgconductor.queue_depths('{default}', 1000)), 1000::bigint, 'a deep queue shows the limit');
select cmp_ok(:c_entries::bigint, '<=', 1100::bigint, format('from %s index entries', :c_entries));
select * from finish();
rollback;
