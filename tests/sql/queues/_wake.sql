-- What another session gets to hear is in concurrency/wake.sh.
begin;
select plan(4);
select lives_ok($$ select pgconductor._wake('default') $$, 'asking is harmless');
select is((select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()), 0::bigint, 'and leaves no lock behind');
select lives_ok($$ select pgconductor.worker_idle('default'); select pgconductor._wake('default') $$, 'also in an idle worker''s own session');
select is((select array_agg(mode) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()), '{ShareLock}', 'which stays idle');
select pgconductor.worker_busy('default');
select * from finish();
rollback;
