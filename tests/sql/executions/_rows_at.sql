begin;
select plan(3);
insert into pgconductor.tasks (key) values ('t');
insert into pgconductor.executions (id, task_key, lane, run_at, attempts, max_attempts, large_payload_bytes)
    select test.id(n), 't', '', '2025-01-15 10:00+00', n, 9, 10 * n from generate_series(1, 3) n;
select results_eq($$ select r.id, r.run_at, r.task_key::text, r.attempts, r.max_attempts, r.large_payload_bytes
        from pgconductor._rows_at('default', (select array_agg(e.ctid) from pgconductor.executions e where e.id in (test.id(1), test.id(3)))) r order by r.id $$,
    $$ values (test.id(1), timestamptz '2025-01-15 10:00+00', 't', 1::smallint, 9::smallint, 10), (test.id(3), '2025-01-15 10:00+00', 't', 3::smallint, 9::smallint, 30) $$, 'the rows');
select ctid as at from pgconductor.executions where id = test.id(2) \gset
select is((select array_agg(r.row) from pgconductor._rows_at('default', array[:'at'::tid, '(999999,7)'::tid]) r), array[:'at'::tid], 'none that is not there');
select is((select count(*) from pgconductor._rows_at('other', array[:'at'::tid])), 0::bigint, 'none of another queue');
select * from finish();
rollback;
