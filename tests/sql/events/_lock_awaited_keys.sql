begin;
select plan(4);
create function pg_temp.held() returns bigint language sql as $$ select count(*) from pg_locks where locktype = 'advisory' and classid = 1885823589 and pid = pg_backend_pid() and mode = 'ExclusiveLock' $$;
select lives_ok($$ select pgconductor._lock_awaited_keys(array['{"waits": [{"kind": "sleep", "name": "s"}], "open": ["x"]}', '{"open": ["x"]}', '5', null]::jsonb[]) $$, 'waits for other things');
select is(pg_temp.held(), 0::bigint, 'lock nothing');
select lives_ok($$ select pgconductor._lock_awaited_keys(array['{"waits": [{"kind": "event", "key": "a"}, {"kind": "event", "key": "b"}]}', '{"waits": [{"kind": "event", "key": "a"}]}']::jsonb[]) $$, 'waits for events');
select is(pg_temp.held(), 2::bigint, 'lock each key once');
select * from finish();
rollback;
