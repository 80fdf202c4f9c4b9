begin;
select plan(6);
insert into pgconductor.executions (id, task_key, lane, run_at, large_payload_bytes) values
    (test.id(1), 't', '', '2025-01-15 09:03+00', null), (test.id(2), 't', '', '2025-01-15 09:01+00', 100), (test.id(3), 't', '', '2025-01-15 09:02+00', 50), (test.id(4), 't', '', '2025-01-15 09:04+00', 60);
create function pg_temp.bound(bytes bigint) returns uuid[] language sql as $$
    select array_agg(e.id order by u.n) from unnest(pgconductor._bound_by_bytes('default', (select array_agg(ctid) from pgconductor.executions), bytes)) with ordinality u (place, n)
    join pgconductor.executions e on e.ctid = u.place
$$;
select is(pg_temp.bound(1000), array[test.id(2), test.id(3), test.id(1), test.id(4)], 'all that fit, in order of time');
select is(pg_temp.bound(210), array[test.id(2), test.id(3), test.id(1), test.id(4)], 'to the very byte');
select is(pg_temp.bound(209), array[test.id(2), test.id(3), test.id(1)], 'and not one over');
select is(pg_temp.bound(100), array[test.id(2)], 'nothing is taken out of turn');
select is(pg_temp.bound(1), array[test.id(2)], 'one always');
select is(pg_temp.bound(-5), array[test.id(2)], 'whatever is left of the limit');
select * from finish();
rollback;
