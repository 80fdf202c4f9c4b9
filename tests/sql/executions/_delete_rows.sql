begin;
select plan(6);
select lives_ok($$ select pgconductor.create_queue('own', true); insert into pgconductor.tasks (key) values ('t') $$, 'a queue with a partition of its own');
insert into pgconductor.executions (id, task_key, lane, queue) select test.id(n), 't', '', case when n <= 3 then 'default' else 'own' end from generate_series(1, 6) n;
create function pg_temp.rows(queue text, variadic n integer[]) returns tid[] language sql as $$
    select array_agg(e.ctid) from pgconductor.executions e where e.queue = $1 and e.id in (select test.id(x) from unnest(n) x)
$$;

select results_eq($$ select id, task_key::text collate "C" from pgconductor._delete_rows('default', pg_temp.rows('default', 1, 3)) order by id $$,
    $$ values (test.id(1), 't'::text collate "C"), (test.id(3), 't') $$, 'the rows, as they were');
-- The same places exist in another partition.
select results_eq($$ select id from pgconductor.executions order by id $$, $$ values (test.id(2)), (test.id(4)), (test.id(5)), (test.id(6)) $$, 'those, and no others');
select results_eq($$ select id from pgconductor._delete_rows('own', pg_temp.rows('own', 5)) $$, $$ values (test.id(5)) $$, 'in another queue');
select is_empty($$ select * from pgconductor._delete_rows('default', '{}') $$, 'none');
select is_empty($$ select * from pgconductor._delete_rows('default', null) $$, 'nor of nothing');
select * from finish();
rollback;
