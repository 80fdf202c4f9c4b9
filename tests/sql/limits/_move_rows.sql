begin;
select plan(2);
insert into pgconductor.executions (id, task_key, lane) select test.id(n), 't', 't' from generate_series(1, 3) n;
select pgconductor._move_rows('default', r.rows, array['a', 'b'])
from (select array_agg(e.ctid order by e.id desc) as rows from pgconductor.executions e where e.id <> test.id(2)) r;
select results_eq('select id, lane from pgconductor.executions order by id', $$ values (test.id(1), 'b' collate "C"), (test.id(2), 't'), (test.id(3), 'a') $$, 'each into its own lane');
select lives_ok($$ select pgconductor._move_rows('default', '{}', '{}') $$, 'none');
select * from finish();
rollback;
