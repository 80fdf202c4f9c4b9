begin;
select plan(7);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.put(key text, service text, payload jsonb default '{}', catch_up integer default 1) returns text language sql as $$
    select pgconductor._put_schedule(key, service, 't', '@daily', payload, 'UTC', null, 0, 'once', '1 minute', catch_up, true)
$$;
select is(pg_temp.put('k', 'a'), 'created', 'for a service');
select is(pg_temp.put('k', 'a'), 'unchanged', 'the same again');
select is(pg_temp.put('k', 'a', null), 'changed', 'no payload');
select is(pg_temp.put('k', 'a', null, 2), 'changed', 'another bound');
select throws_ok($$ select pg_temp.put('k', 'b') $$, 'PC009', 'schedule "k" is declared by service "a"', 'another service: PC009');
select is(pg_temp.put('d', null), 'created', 'a dynamic one');
select throws_ok($$ select pg_temp.put('d', 'a') $$, 'PC009', 'schedule "d" was made dynamically', 'is no service''s: PC009');
select * from finish();
rollback;
