begin;
select plan(8);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor.register_subscriptions('s', '[{"task_key": "t", "name": "a", "event": "a"}, {"task_key": "t", "name": "b", "event": "b", "filter": {"contains": {"n": 2}}}]') $$, 'two subscriptions');
select is(pgconductor.emit_events('{a,b,b,c}', array['{"n": 1}', '{"n": 2}', '{"n": 3}', null]::jsonb[], array[test.id(1), test.id(2), test.id(3), test.id(4)], '00-trace'),
    array[test.id(1), test.id(2), test.id(3), test.id(4)], 'four events, their ids in order');
set constraints all immediate;
select results_eq('select payload, trace_parent from pgconductor.executions order by payload', $$ values ('{"n": 1}'::jsonb, '00-trace'::text), ('{"n": 2}', '00-trace') $$, 'start what they pass, with the emitter''s trace');
select is(cardinality(pgconductor.emit_events('{a,a}', '{1,2}')), 2, 'ids are made');
select is(pgconductor.emit_events('{}', '{}'), '{}', 'none is none');
select throws_ok($$ select pgconductor.emit_events('{a}', '{1,2}') $$, 'PC004', null, 'unequal arrays: PC004');
select throws_ok($$ select pgconductor.emit_events('{a,""}', '{1,2}') $$, 'PC004', null, 'a key that cannot be: PC004');
select is((select count(*) from pgconductor.executions), 4::bigint, 'and nothing of it');
select * from finish();
rollback;
