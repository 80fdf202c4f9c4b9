begin;
select plan(1);
insert into pgconductor.executions (id, task_key, lane, run_at, payload, large_payload_bytes) values
    (test.id(1), 't', 't', '2025-01-15 09:00+00', '{"a": {"b": 1}}', null), (test.id(2), 't', 't', '2025-01-15 09:00+00', null, 9000), (test.id(3), 't', 't', '2025-01-15 09:00+00', '{}', null);
select results_eq($$ select id, large_payload_bytes, value from pgconductor._limit_rows('default', (select array_agg(ctid) from pgconductor.executions), '{a,b}') order by id $$,
    $$ values (test.id(1), null, '1'), (test.id(2), 9000, null), (test.id(3), null, null) $$, 'rows with what is at the path');
select * from finish();
rollback;
