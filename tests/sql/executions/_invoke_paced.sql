begin;
select plan(83);
select test.clock('2025-01-15 10:00:00+00');
select test.worker(1, 'default', 't');

-- Invokes, and says which execution it was told, and how.
create function pg_temp.go(n integer, throttle interval default null, debounce interval default null, key text default null, edge text default null,
    max_wait interval default null, repeated boolean default false, task text default 't') returns text language sql as $$
    select right(i.execution_id::text, 3) || ' ' || i.disposition
    from pgconductor.invoke(task, to_jsonb(n), p_id => test.id(n), p_repeated => repeated, p_throttle => throttle, p_debounce => debounce,
        p_pace_key => key, p_edge => edge, p_max_wait => max_wait) i
$$;
-- What waits: the last payload and the time of each.
create function pg_temp.waiting(task text default 't') returns text language sql as $$
    select string_agg(format('%s at %s', payload, to_char(run_at at time zone 'UTC', 'HH24:MI:SS')), ', ' order by run_at, id)
    from pgconductor.executions where task_key = task
$$;

-- A leading throttle: the first of each window runs now, across three windows.
select is(pg_temp.go(1, '1 minute'), '001 created', 'throttle, leading: the first runs now');
select is(pg_temp.go(2, '1 minute'), '001 dropped', 'the second is dropped, and told of the first');
select is(pg_temp.go(1, '1 minute'), '001 existing', 'the first again is itself');
select is(pg_temp.waiting(), '1 at 10:00:00', 'one execution, with the first payload');
select test.clock('2025-01-15 10:00:59.999+00');
select is(pg_temp.go(3, '1 minute'), '001 dropped', 'to the window''s end');
select is(test.claim(1, 'default', 10), array[test.id(1)], 'it runs');
select is(pg_temp.go(3, '1 minute'), '001 dropped', 'a window lasts whatever becomes of its execution');
select test.clock('2025-01-15 10:01:00+00');
select is(pg_temp.go(4, '1 minute'), '004 created', 'the second window');
select is(pg_temp.go(5, '1 minute'), '004 dropped', 'drops too');
select test.clock('2025-01-15 10:05:30+00');
select is(pg_temp.go(6, '1 minute'), '006 created', 'the third begins with its first invoke, not at a mark on the clock');
select test.clock('2025-01-15 10:06:29+00');
select is(pg_temp.go(7, '1 minute'), '006 dropped', 'and lasts for all of its length');
select is(pg_temp.go(8, '1 minute', key => 'k'), '008 created', 'a key has windows of its own');
select is(pg_temp.go(9, '1 minute', key => 'k'), '008 dropped', 'too');
select is(pg_temp.go(10, '1 minute', task => 'u'), '00a created', 'and so has a task');
select is(array[test.claim(1, 'default', 10)::text, test.finish(1, test.id(4), 'completed'), test.finish(1, test.id(6), 'dead')], array[array[test.id(4), test.id(6), test.id(8)]::text, 'completed', 'failed'], 'they run');
select is(pg_temp.go(11, '1 minute'), '006 dropped', 'one that failed stands for its window still');
select is(pg_temp.go(6, '1 minute', repeated => true), '006 existing', 'a repetition of a call that made one: existing, even when it has ended');

-- A trailing throttle: one execution a window, at its end, with the last payload.
select test.clock('2025-01-15 11:00:00+00');
select is(pg_temp.go(20, '1 minute', edge => 'trailing'), '014 created', 'throttle, trailing: the first makes one');
select is(pg_temp.waiting(), '20 at 11:01:00', 'for the window''s end');
select test.clock('2025-01-15 11:00:50+00');
select is(pg_temp.go(21, '1 minute', edge => 'trailing'), '014 replaced', 'the second replaces it');
select is(pg_temp.waiting(), '21 at 11:01:00', 'and the end stays where it is');
select is(pg_temp.go(20, '1 minute', edge => 'trailing', repeated => true), '014 existing', 'the first again, its reply lost, does not undo the second');
select is(pg_temp.go(21, '1 minute', edge => 'trailing', repeated => true), '014 existing', 'nor the second again');
select is(pg_temp.waiting(), '21 at 11:01:00', 'nothing has changed');
select is(pgconductor.cancel_execution(test.id(20)), 'cancelled', 'somebody cancels it');
select is(pg_temp.go(22, '1 minute', edge => 'trailing'), '016 created', 'the next takes its place');
select is(pg_temp.waiting(), '22 at 11:01:00', 'in the same window');
select is(test.claim(1, 'default', 10), '{}', 'not due');
select test.clock('2025-01-15 11:01:00+00');
select is(pg_temp.go(23, '1 minute', edge => 'trailing'), '017 created', 'at the end a new window begins');
select is(pg_temp.waiting(), '22 at 11:01:00, 23 at 11:02:00', 'and the old one''s is due');
select is(test.claim(1, 'default', 10), array[test.id(22)], 'and runs');
select test.clock('2025-01-15 11:02:00+00');
select is(test.claim(1, 'default', 10), array[test.id(23)], 'each window''s');
select is(pg_temp.go(24, '1 minute', edge => 'trailing'), '018 created', 'the third window');

-- A trailing debounce: pushed by every invoke.
select test.clock('2025-01-15 12:00:00+00');
select pgconductor.cancel_execution(test.id(24));
select is(pg_temp.go(30, debounce => '10 s'), '01e created', 'debounce, trailing: the first makes one');
select is(pg_temp.waiting(), '30 at 12:00:10', 'for when it has been quiet');
select test.clock('2025-01-15 12:00:09+00');
select is(pg_temp.go(31, debounce => '10 s'), '01e replaced', 'the second replaces it');
select is(pg_temp.waiting(), '31 at 12:00:19', 'and pushes it');
select is(pg_temp.go(30, debounce => '10 s', repeated => true), '01e existing', 'a repetition');
select is(pg_temp.waiting(), '31 at 12:00:19', 'pushes nothing');
select test.clock('2025-01-15 12:00:30+00');
select is(pg_temp.go(32, debounce => '10 s'), '01e replaced', 'one that is due and has not started is of the same burst');
select is(pg_temp.waiting(), '32 at 12:00:40', 'and is pushed too');
select test.clock('2025-01-15 12:00:40+00');
select is(test.claim(1, 'default', 10), array[test.id(30)], 'it runs');
select is(pg_temp.go(33, debounce => '10 s'), '021 created', 'what runs is not replaced: a new burst');
select is(test.finish(1, test.id(30), 'failed'), 'retried', 'it waits for a retry');
select is(pg_temp.go(34, debounce => '10 s'), '021 replaced', 'and is not replaced then');
select pgconductor.cancel_execution(test.id(33));
select is(pg_temp.go(35, debounce => '10 s'), '023 created', 'nor one that was cancelled');
select pgconductor.cancel_execution(test.id(30)), pgconductor.cancel_execution(test.id(35));

-- With a longest wait, a steady stream starves nobody.
select test.clock('2025-01-15 13:00:00+00');
select is(pg_temp.go(40, debounce => '10 s', key => 'm', max_wait => '25 s'), '028 created', 'a longest wait of 25 seconds');
select test.clock('2025-01-15 13:00:08+00');
select is(pg_temp.go(41, debounce => '10 s', key => 'm', max_wait => '25 s'), '028 replaced', 'pushed');
select test.clock('2025-01-15 13:00:16+00');
select is(pg_temp.go(42, debounce => '10 s', key => 'm', max_wait => '25 s'), '028 replaced', 'and again');
select is(pg_temp.waiting(), '42 at 13:00:25', 'but not beyond 25 seconds after the first');
select test.clock('2025-01-15 13:00:30+00');
select is(pg_temp.go(43, debounce => '10 s', key => 'm', max_wait => '25 s'), '028 replaced', 'not started yet');
select is(pg_temp.waiting(), '43 at 13:00:25', 'it keeps its place: the last payload, and due since then');
select is(test.claim(1, 'default', 10), array[test.id(40)], 'it runs');
select is(pg_temp.go(44, debounce => '10 s', key => 'm', max_wait => '25 s'), '02c created', 'the next burst');
select is(pg_temp.waiting(), '44 at 13:00:40', 'has a longest wait of its own');
select pgconductor.cancel_execution(test.id(44));

-- A leading debounce: the first now, then quiet until the stream pauses.
select test.clock('2025-01-15 14:00:00+00');
select is(pg_temp.go(50, debounce => '10 s', edge => 'leading'), '032 created', 'debounce, leading: the first runs now');
select is(pg_temp.waiting(), '50 at 14:00:00', 'at once');
select test.clock('2025-01-15 14:00:09+00');
select is(pg_temp.go(51, debounce => '10 s', edge => 'leading'), '032 dropped', 'the second is dropped');
select test.clock('2025-01-15 14:00:18+00');
select is(pg_temp.go(52, debounce => '10 s', edge => 'leading'), '032 dropped', 'and keeps it quiet');
select test.clock('2025-01-15 14:00:28+00');
select is(pg_temp.go(53, debounce => '10 s', edge => 'leading'), '035 created', 'after a pause the next one runs');
select is(pg_temp.go(54, debounce => '10 s', edge => 'leading', key => 'm', max_wait => '15 s'), '036 created', 'with a longest wait');
select test.clock('2025-01-15 14:00:37+00');
select is(pg_temp.go(55, debounce => '10 s', edge => 'leading', key => 'm', max_wait => '15 s'), '036 dropped', 'it is quiet');
select test.clock('2025-01-15 14:00:43+00');
select is(pg_temp.go(56, debounce => '10 s', edge => 'leading', key => 'm', max_wait => '15 s'), '038 created', 'but not for ever');

-- What it leaves: an id made here, the queue that was given, a transaction rolled back, a memory that does not grow.
select is((select i.disposition from pgconductor.invoke('t', p_throttle => '1 s', p_pace_key => 'x') i), 'created', 'without an id');
select pgconductor.create_queue('q');
select is((select i.disposition from pgconductor.invoke('t', p_queue => 'q', p_debounce => '1 s', p_pace_key => 'q') i), 'created', 'on another queue');
select is((select count(*) from pgconductor.executions where queue = 'q'), 1::bigint, 'it is there');
select is((select i.disposition from pgconductor.invoke('t', '7', p_debounce => '1 s', p_pace_key => 'q') i), 'replaced', 'where it is found again');
select is((select i.disposition from generate_series(100, 160) n, pgconductor.invoke('t', to_jsonb(n), p_id => test.id(n), p_debounce => '1 s', p_pace_key => 'r') i order by n desc limit 1), 'replaced', 'sixty more');
select is((select cardinality(recent) from pgconductor.paces where key = 'r'), 32, 'are remembered up to a bound');
select is(pg_temp.go(159, debounce => '1 s', key => 'r', repeated => true), '064 existing', 'the last of them');
select throws_ok($$ select pgconductor.invoke('t', p_queue => 'nowhere', p_throttle => '1 minute', p_pace_key => 'x') $$, 'PC002', null, 'an unknown queue is refused, also of one that would be dropped');

-- A leading one stands for its window or burst though somebody cancels it.
select is(pg_temp.go(200, '1 minute', key => 'c'), '0c8 created', 'throttle, leading');
select pgconductor.cancel_execution(test.id(200));
select is(pg_temp.go(201, '1 minute', key => 'c'), '0c8 dropped', 'cancelled, it stands for its window');
select is(pg_temp.go(202, debounce => '10 s', edge => 'leading', key => 'c'), '0ca created', 'debounce, leading');
select pgconductor.cancel_execution(test.id(202));
select is(pg_temp.go(203, debounce => '10 s', edge => 'leading', key => 'c'), '0ca dropped', 'and for its burst');

-- A backlog: what is due and has not started is replaced, until nobody has asked for it for ten minutes or more and the row is forgotten.
select pgconductor.cancel_execution(id) from pgconductor.executions;
select is(pg_temp.go(210, debounce => '10 s', key => 'late'), '0d2 created', 'a debounced one that nobody runs');
select test.clock('2025-01-15 14:09:00+00');
select is(array[pgconductor._delete_old_paces(100) > 0, pg_temp.go(211, debounce => '10 s', key => 'late') = '0d2 replaced'], '{t,t}', 'nine minutes later it is of the same burst');
select test.clock('2025-01-15 14:19:00+00');
select is(array[pgconductor._delete_old_paces(100) >= 0, pg_temp.go(212, debounce => '10 s', key => 'late') = '0d2 replaced'], '{t,t}', 'and again ten minutes after that');
select test.clock('2025-01-15 14:41:00+00');
select cmp_ok(pgconductor._delete_old_paces(100), '>', 0::bigint, 'twenty minutes without an invoke:');
select is_empty($$ select 1 from pgconductor.paces where key = 'late' $$, 'it is forgotten');
select is(pg_temp.go(213, debounce => '10 s', key => 'late'), '0d5 created', 'the next one is made beside it');
select is((select count(*) from pgconductor.executions where task_key = 't'), 2::bigint, 'both are there');
select is(pg_temp.go(214, debounce => '10 s', key => 'late'), '0d5 replaced', 'and the new one is what is replaced');

select * from finish();
rollback;
