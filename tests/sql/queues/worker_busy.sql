begin;
select plan(4);
select ok(pgconductor.worker_idle('default') and pgconductor.worker_idle('other'), 'idle on two queues');
select ok(pgconductor.worker_busy('default'), 'busy on one');
select is((select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()), 1::bigint, 'the other one stays');
select ok(pgconductor.worker_busy('other'), 'until it is taken back too');
select * from finish();
rollback;
