begin;
select plan(3);
select ok(pgconductor._lock_limits('t'), 'free');
select ok(pgconductor._lock_limits('t'), 'one''s own counts as had');
select is((select count(*) from pg_locks where locktype = 'advisory' and classid = 1885823589 and pid = pg_backend_pid()), 1::bigint, 'until the transaction ends');
select * from finish();
rollback;
