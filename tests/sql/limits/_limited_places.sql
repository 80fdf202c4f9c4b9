begin;
select plan(5);
insert into pgconductor.executions (id, task_key, lane, priority, run_at) values
    (test.id(1), 't', 'a', 0, now()), (test.id(2), 't', 'a', 5, now()), (test.id(3), 't', 'a', 5, now()), (test.id(4), 't', 'b', -3, now()), (test.id(5), 'u', 'u', 0, now());
create temp table found as select p.* from pgconductor._limited_places('default', '{"",x}', '{5,0}', '{2025-01-15 10:00+00,2025-01-15 11:00+00}', '{a,b,none,u}', '{t,t,t,u}') p;
create temp table places as select u.* from found f, unnest(f.lanes, f.priorities, f.starts, f.opens) with ordinality u (lane, priority, start, open, n);
select results_eq('select lane, priority, start, open from places order by priority desc, lane', $$ values
    ('', 5::smallint, timestamptz '2025-01-15 10:00+00', null::integer), ('a', 5::smallint, '-infinity', 1), ('a', 0::smallint, '-infinity', 1), ('u', 0::smallint, '-infinity', 4), ('x', 0::smallint, '2025-01-15 11:00+00', null), ('b', (-3)::smallint, '-infinity', 2) $$,
    'what was there, and each priority of the lanes given');
select ok((select bool_and(b.priority <= a.priority) from places a join places b on b.n = a.n + 1), 'highest priority first');
select is((select empty from found), '{3}', 'the empty one is told');
-- A task's lanes stay together.
insert into pgconductor.executions (id, task_key, lane, run_at) select test.id(100 + n), 't', 'k' || n, now() from generate_series(1, 5) n;
create temp table orders as select (select string_agg(l, ' ') from unnest(p.lanes) l) as o from generate_series(1, 20) n, lateral pgconductor._limited_places('default', '{x}', '{0}', array[now() + 0 * n * interval '1 s'], '{k1,k2,k3,u,k4,k5}', '{t,t,t,u,t,t}') p;
select is((select count(*) from orders where o !~ 'k1 k2 k3 k4 k5'), 0::bigint, 'in the order given');
select cmp_ok((select count(distinct o) from orders), '>', 1::bigint, 'but no task is always first');
select * from finish();
rollback;
