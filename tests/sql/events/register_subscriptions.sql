begin;
select plan(17);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.register(service text, list text) returns text language sql as $$ select concat_ws(' ', r.created, r.changed, r.removed) from pgconductor.register_subscriptions(service, list::jsonb) r $$;
select is(pg_temp.register('a', '[{"task_key": "t", "name": "1", "event": "x"}, {"task_key": "t", "name": "2", "event": "y", "fields": ["f"], "filter": {"contains": {"z": 1}}}]'), '2 0 0', 'two are new');
select is(pg_temp.register('b', '[{"task_key": "t", "name": "1", "event": "x"}]'), '1 0 0', 'another service has one of the same name');
select is(pg_temp.register('a', '[{"task_key": "t", "name": "1", "event": "x"}, {"task_key": "t", "name": "2", "event": "y", "fields": ["f"], "filter": {"contains": {"z": 1}}}]'), '0 0 0', 'the same again: nothing');
select is(pg_temp.register('a', '[{"task_key": "t", "name": "1", "event": "x2"}]'), '0 1 1', 'one changed, one gone');
select results_eq('select service, name, event_key from pgconductor.list_subscriptions()', $$ values ('a'::text, '1'::text, 'x2'::text), ('b', '1', 'x') $$, 'the other service''s is untouched');
select throws_ok($$ select pg_temp.register('a', '[{"task_key": "t", "name": "3", "event": "x"}, {"task_key": "t", "name": "4", "event": "x", "filter": {"path": "$.a"}}]') $$, 'PC004', null, 'a bad filter among good ones: PC004');
select is((select count(*) from pgconductor.subscriptions where service = 'a' and name = '1'), 1::bigint, 'nothing is changed');
select throws_ok($$ select pg_temp.register('a', '[{"task_key": "t", "name": "3", "event": "x"}, {"task_key": "t", "name": "3", "event": "y"}]') $$, 'PC004', 'subscription "3" of task "t" is declared twice', 'twice: PC004');
select throws_ok($$ select pg_temp.register('', '[]') $$, 'PC004', null, 'no service: PC004');
select throws_ok($$ select pg_temp.register('a', '{}') $$, 'PC004', null, 'no list: PC004');
select throws_ok($$ select pg_temp.register('a', '[{"task_key": "t", "name": "3", "table": "ev_missing", "operation": "insert"}]') $$, 'PC004', null, 'no such table: PC004');
select is(pg_temp.register('a', '[]'), '0 0 1', 'no declarations: none is left');
select is((select count(*) from pgconductor.subscriptions), 1::bigint, 'but the other''s');
-- N24: a thousand.
select clock_timestamp() as started \gset
select is((select created from pgconductor.register_subscriptions('many', (select jsonb_agg(jsonb_build_object('task_key', 't' || n % 10, 'name', n::text, 'event', 'k' || n, 'filter', '{"path": "$.a > 1"}'::jsonb)) from generate_series(1, 1000) n))), 1000, 'a thousand');
select cmp_ok(clock_timestamp() - :'started'::timestamptz, '<', interval '1 second', format('in %s', clock_timestamp() - :'started'::timestamptz));
select clock_timestamp() as started \gset
select is((select created + changed + removed from pgconductor.register_subscriptions('many', (select jsonb_agg(jsonb_build_object('task_key', 't' || n % 10, 'name', n::text, 'event', 'k' || n, 'filter', '{"path": "$.a > 1"}'::jsonb)) from generate_series(1, 1000) n))), 0, 'the same thousand');
select cmp_ok(clock_timestamp() - :'started'::timestamptz, '<', interval '1 second', format('in %s', clock_timestamp() - :'started'::timestamptz));
select * from finish();
rollback;
