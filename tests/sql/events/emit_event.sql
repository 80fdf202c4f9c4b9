begin;
select plan(15);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't', 'u'); select pgconductor.register_subscriptions('s', '[
    {"task_key": "t", "name": "all", "event": "paid"}, {"task_key": "u", "name": "large", "event": "paid", "filter": {"path": "$.amount > 100"}, "fields": ["id", "none"]},
    {"task_key": "t", "name": "other", "event": "lost"}]') $$, 'three subscriptions');
select is(pgconductor.emit_event('paid', '{"id": 7, "amount": 5}', test.id(5)), test.id(5), 'an event has the id it is given');
select is_empty('select 1 from pgconductor.executions', 'nothing is started before the commit');
set constraints all immediate;
select results_eq('select task_key, payload, run_at from pgconductor.executions', $$ values ('t'::text collate "C", '{"id": 7, "amount": 5}'::jsonb, timestamptz '2025-01-15 10:00+00') $$, 'at the commit: the one whose filter passes');
select is_empty('select 1 from pgconductor.events', 'and the event is gone');
truncate pgconductor.executions;
select isnt(pgconductor.emit_event('paid', '{"id": 8, "amount": 500}'), null, 'another one makes its id');
select results_eq('select task_key, payload from pgconductor.executions order by 1', $$ values ('t'::text collate "C", '{"id": 8, "amount": 500}'::jsonb), ('u', '{"id": 8}') $$, 'starts both; chosen fields only');
select lives_ok($$ select pgconductor.emit_event('nobody', '1') $$, 'one that nobody wants');
select is((select count(*) from pgconductor.executions), 2::bigint, 'starts nothing');
select throws_ok($$ select pgconductor.emit_event('') $$, 'PC004', null, 'no key: PC004');
select throws_ok($$ select pgconductor.emit_event(null) $$, 'PC004', null, 'null: PC004');
select throws_ok($$ select pgconductor.emit_event(repeat('k', 401)) $$, 'PC004', null, 'too long a key: PC004');
-- The same emit once more.
truncate pgconductor.executions;
select is(pgconductor.emit_event('paid', '{"id": 9}', test.id(6)), test.id(6), 'an event');
select is(pgconductor.emit_event('paid', '{"id": 9}', test.id(6), p_repeated => true), test.id(6), 'whose emit is repeated');
select is((select count(*) from pgconductor.executions), 1::bigint, 'starts its task once');
select * from finish();
rollback;
