-- With _wake's file and concurrency/wake.sh, where another session asks.
begin;
select plan(4);
select ok(pgconductor.worker_idle('default'), 'true: it is known');
select is((select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and mode = 'ShareLock'), 1::bigint,
    'as a shared lock, which dies with the session');
select ok(pgconductor.worker_idle('default'), 'several workers of one session say it each');
select ok(pgconductor.worker_busy('default') and pgconductor.worker_busy('default'), 'and take it back each');
select * from finish();
rollback;
