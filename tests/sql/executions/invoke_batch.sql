begin;
select plan(55);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.create_queue('q'); insert into pgconductor.tasks (key, queue) values ('of-q', 'q') $$, 'a queue with a task');

-- Three, every column its own.
select is_empty($$ select * from pgconductor.invoke_batch(array['t', 'of-q', 't'], array['{"n": 1}', '{"n": 2}', null]::jsonb[],
    array[test.id(1), test.id(2), test.id(3)], array[null, null, 'q'], array[null, '2025-01-16 00:00+00', '2020-01-01 00:00+00']::timestamptz[],
    array[null, 5, -5], array[null, 2, null], p_trace_parents => array['trace', null, 'other']) $$, 'all simply created: nothing to say');
select results_eq($$ select id, queue, lane, task_key, run_at > '2025-01-15 09:59:59.99+00' and run_at <= '2025-01-15 10:00:00+00' as now, priority, max_attempts, payload, trace_parent, created_at
    from pgconductor.executions order by id $$,
    $$ values (test.id(1), 'default'::text collate "C", 't'::text collate "C", 't'::text collate "C", true, 0::smallint, null::smallint, '{"n": 1}'::jsonb, 'trace', timestamptz '2025-01-15 10:00+00'),
        (test.id(2), 'q', 'of-q', 'of-q', false, 5::smallint, 2::smallint, '{"n": 2}', null, '2025-01-15 10:00+00'),
        (test.id(3), 'q', 't', 't', true, (-5)::smallint, null, null, 'other', '2025-01-15 10:00+00') $$, 'null elements mean what invoke''s null means');
select is((select run_at from pgconductor.executions where id = test.id(2)), '2025-01-16 00:00+00', 'a later time is taken as it is');

-- First in, first out, and due under a clock that stands still.
select lives_ok($$ select test.worker(1, 'f', 'f') $$, 'a worker');
select is_empty($$ select * from pgconductor.invoke_batch(array_fill('f'::text, array[500]), array_fill('{}'::jsonb, array[500]), array(select test.id(1500 - n) from generate_series(1, 500) n)) $$, '500');
select is((select count(*) from pgconductor.executions where task_key = 'f' and run_at > pgconductor.current_time()), 0::bigint, 'all are due now');
select is(array(select unnest(test.claim(1, 'f', 200)) union all select unnest(test.claim(1, 'f', 300))), array(select test.id(1500 - n) from generate_series(1, 500) n), 'and are claimed in the order of the arrays');
select is_empty($$ select * from pgconductor.invoke_batch(array_fill('f'::text, array[3]), array_fill('{}'::jsonb, array[3]), array[test.id(1), test.id(3), test.id(2)],
    p_queues => array['f', 'f', 'f'], p_run_ats => array_fill('2025-01-15 11:00+00'::timestamptz, array[3])) $$, 'three for eleven o''clock');
select is(test.claim(1, 'f', 3), '{}', 'not before');
select test.clock('2025-01-15 10:59:59.999999+00');
select is(test.claim(1, 'f', 3), '{}', 'not a microsecond before');
select test.clock('2025-01-15 11:00+00');
select is(cardinality(test.claim(1, 'f', 3)), 3, 'at eleven sharp, all of them, though the clock stands still');
set local pgconductor.fake_now = '';
select is_empty($$ select * from pgconductor.invoke_batch(array_fill('f'::text, array[3]), array_fill('{}'::jsonb, array[3]), array[test.id(31), test.id(33), test.id(32)],
    p_run_ats => array_fill('2125-01-15 11:00+00'::timestamptz, array[3])) $$, 'under a clock that goes');
select results_eq($$ select id, run_at from pgconductor.executions where task_key = 'f' order by run_at $$,
    $$ values (test.id(31), timestamptz '2125-01-15 11:00:00.000000+00'), (test.id(33), '2125-01-15 11:00:00.000001+00'), (test.id(32), '2125-01-15 11:00:00.000002+00') $$,
    'later ones keep their order too, never before their time');
set local pgconductor.fake_now = '2025-01-15 12:00:00+00';

-- Ids made here.
create temp table made as select * from pgconductor.invoke_batch(array['m', 'm', 'm'], array['{"n": 1}', '{"n": 2}', '{"n": 3}']::jsonb[], array[null, test.id(50), null]);
select results_eq('select item, disposition from made order by item', $$ values (1, 'created'), (3, 'created') $$, 'an id made here is told');
select is((select array_agg((e.payload ->> 'n')::integer order by made.item) from made join pgconductor.executions e on e.id = made.execution_id), '{1,3}', 'and is the item''s');
select is((select count(*) from pgconductor.invoke_batch(array['m', 'm'], array['{}', '{}']::jsonb[])), 2::bigint, 'no ids at all');

-- Large payloads.
select is_empty($$ select * from pgconductor.invoke_batch(array['m', 'm'], array['{}', to_jsonb(repeat('x', 9000))], array[test.id(60), test.id(61)]) $$, 'a small and a large one');
select results_eq($$ select id, payload, large_payload_bytes > 9000 from pgconductor.executions where id in (test.id(60), test.id(61)) order by id $$,
    $$ values (test.id(60), '{}'::jsonb, null::boolean), (test.id(61), null, true) $$, 'only the large one moves out');
select is((select array_agg(execution_id) from pgconductor.payloads), array[test.id(61)], 'into its table');
select is((select count(*) from pgconductor.invoke_batch(array['m'], array[to_jsonb(repeat('y', 9000))]) b
    join pgconductor.payloads p on p.execution_id = b.execution_id), 0::bigint, 'a large one without an id (its payload is not visible in the same statement)');
select is((select count(*) from pgconductor.executions e join pgconductor.payloads p on p.execution_id = e.id where p.payload #>> '{}' like 'y%'), 1::bigint, 'has its payload under the id made here');
select is_empty($$ select * from pgconductor.invoke_batch(array['m', 'm', 'm'], array['1', to_jsonb(repeat('z', 9000)), '3'], array[test.id(160), test.id(161), test.id(162)], p_trace_parents => array[null, 'trace', null]) $$, 'of one task that is known');
select results_eq($$ select e.id, e.lane, e.trace_parent, e.priority, e.payload, length(p.payload #>> '{}'), e.created_at from pgconductor.executions e left join pgconductor.payloads p on p.execution_id = e.id
        where e.id between test.id(160) and test.id(162) order by e.run_at $$,
    $$ values (test.id(160), 'm' collate "C", null, 0::smallint, '1'::jsonb, null::integer, pgconductor.current_time()), (test.id(161), 'm', 'trace', 0::smallint, null, 9000, pgconductor.current_time()), (test.id(162), 'm', null, 0::smallint, '3', null, pgconductor.current_time()) $$, 'the same, in order');
select results_eq($$ select count(distinct run_at), max(run_at) from pgconductor.executions where id between test.id(160) and test.id(162) $$, $$ values (3::bigint, pgconductor.current_time()) $$, 'one after the other, up to now');
delete from pgconductor.executions where id = test.id(161);
select lives_ok($$ select pgconductor.invoke_batch(array['m', 'm'], array['7', to_jsonb(repeat('z', 9000))], array[test.id(163), test.id(161)]) $$, 'an id again whose payload is still there');
select is((select count(*) from pgconductor.invoke_batch(array['m', 'm'], array['4', '5']::jsonb[]) b join pgconductor.executions e on e.id = b.execution_id), 0::bigint, 'without ids (not visible in the same statement)');
select is((select array_agg(payload order by run_at) from pgconductor.executions where task_key = 'm' and payload in ('4', '5')), '{4,5}', 'they are made here');

-- Keys: decided one by one, in order.
select results_eq($$ select * from pgconductor.invoke_batch(array['k', 'k', 'k', 'k'], array['{"n": 1}', '{"n": 2}', '{"n": 3}', '{"n": 4}']::jsonb[],
    array[test.id(70), test.id(71), test.id(72), test.id(73)], p_dedupe_keys => array['a', 'a', null, 'b']) $$,
    $$ values (2, test.id(70), 'existing') $$, 'the second of one key is the first');
select is((select array_agg((payload ->> 'n')::integer order by id) from pgconductor.executions where task_key = 'k'), '{1,3,4}', 'three are made');
select results_eq($$ select * from pgconductor.invoke_batch(array['k', 'k'], array['{"n": 5}', '{"n": 6}']::jsonb[],
    array[test.id(74), test.id(75)], p_dedupe_keys => array['a', 'c'], p_dedupe_policy => 'replace_pending') $$,
    $$ values (1, test.id(70), 'replaced') $$, 'replaced is told');
select throws_ok($$ select * from pgconductor.invoke_batch(array['k', 'k'], array['{}', '{}']::jsonb[],
    array[test.id(76), test.id(77)], p_dedupe_keys => array['z', 'a'], p_dedupe_policy => 'reject') $$, 'PC003', null, 'one refused');
select is((select count(*) from pgconductor.executions where id = test.id(76)), 0::bigint, 'none is made');
select results_eq($$ select * from pgconductor.invoke_batch(array['k', 'k'], array['{}', '{}']::jsonb[], array[test.id(72), test.id(78)], p_repeated => true) $$,
    $$ values (1, test.id(72), 'existing') $$, 'a repetition makes only what is missing');

-- Throttles and debounces: one by one, in order, each told.
select results_eq($$ select * from pgconductor.invoke_batch(array_fill('p'::text, array[8]), '{1,2,3,4,5,6,7,8}', array(select test.id(200 + n) from generate_series(1, 8) n),
    p_throttles => array['1 minute', null, '1 minute', '1 minute', null, null, '1 minute', '1 minute']::interval[], p_debounces => array[null, null, null, null, '1 minute', '1 minute', null, null]::interval[],
    p_pace_keys => array['a', null, 'b', 'a', 'a', 'a', 'a', 'a'], p_edges => array[null, null, null, null, null, null, 'trailing', 'trailing']) $$,
    $$ values (4, test.id(201), 'dropped'), (6, test.id(205), 'replaced'), (8, test.id(207), 'replaced') $$, 'what is not simply created is told, with the execution that stands for it');
select is((select array_agg(payload::text order by id) from pgconductor.executions where task_key = 'p'), '{1,2,3,6,8}', 'the first of a leading one, the last of a trailing one');
select results_eq($$ select item, disposition from pgconductor.invoke_batch(array['p', 'p'], '{9,9}', p_throttles => array['1 minute', null]::interval[], p_pace_keys => array['a', null]) $$,
    $$ values (1, 'dropped'), (2, 'created') $$, 'the next batch sees the window; an id made here is told too');
select results_eq($$ select * from pgconductor.invoke_batch(array['p', 'p'], '{5,6}', array[test.id(205), test.id(206)], p_debounces => array['1 minute', '1 minute']::interval[], p_pace_keys => array['a', 'a'], p_repeated => true) $$,
    $$ values (1, test.id(205), 'existing'), (2, test.id(205), 'existing') $$, 'a repetition changes nothing');
select throws_ok($$ select pgconductor.invoke_batch(array['p', 'p'], '{1,2}', p_throttles => array['1 minute', null]::interval[], p_debounces => array['1 s', null]::interval[]) $$, 'PC004', null, 'both: PC004');
select throws_ok($$ select pgconductor.invoke_batch(array['p', 'p'], '{1,2}', p_pace_keys => array[null, 'k']) $$, 'PC004', null, 'a key of nothing: PC004');

-- Refusals: all or none.
select throws_ok($$ select pgconductor.invoke_batch(array['t'], array['{}', '{}']::jsonb[]) $$, 'PC004', null, 'arrays of unequal length');
select throws_ok($$ select pgconductor.invoke_batch(array['t', 'new'], array['{}', '{}']::jsonb[], p_queues => array[null, 'nowhere']) $$, 'PC002', null, 'an unknown queue');
select throws_ok($$ select pgconductor.invoke_batch(array['t', null], array['{}', '{}']::jsonb[]) $$, 'PC004', null, 'no task');
select throws_ok($$ select pgconductor.invoke_batch(array['t', 't'], array['{}', '{}']::jsonb[], p_priorities => array[0, 999]) $$, 'PC004', null, 'a priority out of range');
select throws_ok($$ select pgconductor.invoke_batch(array['t', 't'], array['{}', '{}']::jsonb[], p_run_ats => array[now(), 'infinity']) $$, 'PC004', null, 'a time out of range');
select throws_ok($$ select pgconductor.invoke_batch(array['t', 't'], array['{}', '{}']::jsonb[], p_max_attempts => array[0, 1]) $$, 'PC004', null, 'no attempts');
select is((select count(*) from pgconductor.tasks where key = 'new'), 0::bigint, 'and nothing of them stays');

select is_empty($$ select * from pgconductor.invoke_batch('{}', '{}') $$, 'an empty batch is fine');
select is_empty($$ select * from pgconductor.invoke_batch(null, null) $$, 'so is none');
select is_empty($$ select * from pgconductor.invoke_batch(array['n1', 'n2', 'n1'], array['{}', '{}', '{}']::jsonb[], array[test.id(90), test.id(91), test.id(92)]) $$, 'tasks nobody knows yet');
select is((select array_agg(lane order by key) from pgconductor.tasks where key in ('n1', 'n2')), '{n1,n2}', 'get rows and lanes of their own');

-- Half of a batch is of tasks nobody knows: one order, each once, large payloads too.
insert into pgconductor.tasks (key, lane) values ('half', '');
select is_empty($$ select * from pgconductor.invoke_batch(array['half', 'h1', 'half', 'h1'], array['1', to_jsonb(repeat('x', 9000)), to_jsonb(repeat('y', 9000)), '4']::jsonb[], array[test.id(101), test.id(102), test.id(103), test.id(104)]) $$, 'known and unknown in turn');
select results_eq($$ select id from pgconductor.executions where task_key in ('half', 'h1') order by run_at $$, $$ values (test.id(101)), (test.id(102)), (test.id(103)), (test.id(104)) $$, 'in order');
select results_eq($$ select execution_id, length(payload #>> '{}') from pgconductor.payloads where execution_id in (test.id(102), test.id(103)) order by 1 $$, $$ values (test.id(102), 9000), (test.id(103), 9000) $$, 'each large payload once');
select throws_ok($$ select * from pgconductor.invoke_batch(array['half', 'half'], '{1,2}', array[test.id(105), test.id(105)]) $$, '23505', null, 'an id twice');
select * from finish();
rollback;
