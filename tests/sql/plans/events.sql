-- N24: an emit reads the subscriptions and the waits of its key, whatever else there is.
begin;
select plan(6);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor._deliver_event(test.id(1), 'warm', '1', null, false);
    select pgconductor.register_subscriptions('s', (select jsonb_agg(jsonb_build_object('task_key', 't', 'name', n::text, 'event', case when n > 9990 then 'few' else 'k' || n end)) from generate_series(1, 10000) n));
    insert into pgconductor.steps (execution_id, started_at, ordinal, kind, name, key, detail) select gen_random_uuid(), '2025-01-15 10:00+00', 1, 'event', 'e', 'w' || n, '{"queue": "default"}' from generate_series(1, 100000) n $$, 'ten thousand subscriptions and a hundred thousand waits');
select * from test.cost($$ select pgconductor._deliver_event(test.id(2), 'nobody', '1', null, false) $$) \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 30::bigint, format('an event that nobody wants: %s blocks (%s ms)', :c_blocks, :c_ms));
select pgconductor._deliver_event(test.id(9), 'w76', '1', null, false);
select * from test.cost($$ select pgconductor._deliver_event(test.id(3), 'w77', '1', null, false) $$) \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 150::bigint, format('one that one waits for: %s blocks (%s ms)', :c_blocks, :c_ms));
select * from test.cost($$ select pgconductor._deliver_event(test.id(4), 'few', '1', null, false) $$) \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 900::bigint, format('one with ten subscriptions: %s blocks (%s ms)', :c_blocks, :c_ms));
select is((select count(*) from pgconductor.executions), 10::bigint, 'which it starts');
create table public.ev_plain (id integer);
insert into pgconductor.subscriptions (service, task_key, name, table_schema, table_name, operation, created_at, updated_at) select 'x', 't', n::text, 'public', 'other_' || n, 'insert', now(), now() from generate_series(1, 10000) n;
select pgconductor._attach_table('public', 'ev_plain', 'insert');
insert into public.ev_plain values (1);
select * from test.cost('insert into public.ev_plain values (2)') \gset c_
select cmp_ok(:c_blocks::bigint, '<=', 15::bigint, format('a row of a table that nobody is subscribed to any more: %s blocks (%s ms)', :c_blocks, :c_ms));
select * from finish();
rollback;
