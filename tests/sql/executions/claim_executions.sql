begin;
select plan(76);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

-- What a claim gives.
select throws_ok($$ select * from pgconductor.claim_executions(test.id(1), 'default', 1) $$, 'PC001', null, 'an orchestrator that is not registered: PC001');
select lives_ok($$ select test.worker(1, 'default', 't') $$, 'a worker');
select throws_ok($$ select * from pgconductor.claim_executions(test.id(1), 'other', 1) $$, 'PC001', null, 'a queue it did not register for: PC001');
select throws_ok($$ select * from pgconductor.claim_executions(test.id(1), 'default', 0) $$, 'PC004', null, 'none: PC004');
select throws_ok($$ select * from pgconductor.claim_executions(test.id(1), 'default', 10001) $$, 'PC004', null, 'too many: PC004');
select throws_ok($$ select * from pgconductor.claim_executions(test.id(1), 'default', null) $$, 'PC004', null, 'null: PC004');
select results_eq($$ select lease_id, next_due_in from pgconductor.claim_executions(test.id(1), 'default', 1) $$, $$ values (null::bigint, null::double precision) $$, 'nothing waits: one row that says so');
select lives_ok($$ select pgconductor.invoke('t', '{"n": 1}', p_id => test.id(1), p_trace_parent => 'trace', p_max_attempts => 9);
    select pgconductor.invoke('t', p_id => test.id(2), p_run_at => '2025-01-15 10:00:30+00'); select pgconductor.invoke('t', p_id => test.id(3), p_run_at => '2025-01-15 10:02+00') $$, 'one now, two later');
select results_eq($$ select lease_id is not null, position, id, task_key, attempt, max_attempts, run_at, created_at, trace_parent, payload, next_position is not null, next_due_in from pgconductor.claim_executions(test.id(1), 'default', 10) $$,
    $$ values (true, 1, test.id(1), 't', 1, 9, timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00+00', 'trace', '{"n": 1}'::jsonb, true, null::double precision) $$, 'all that a handler needs');
select results_eq('select orchestrator_id, queue, size, claimed_at, done, cancels, ids, attempts from pgconductor.leases',
    $$ values (test.id(1), 'default'::text collate "C", 1, timestamptz '2025-01-15 10:00+00', '{}'::smallint[], null::jsonb, array[test.id(1)], '{1}'::smallint[]) $$, 'and one lease');
select results_eq($$ select lease_id, next_due_in from pgconductor.claim_executions(test.id(1), 'default', 10) $$, $$ values (null::bigint, 30::double precision) $$, 'nothing due: how long until the next is');
select test.clock('2025-01-15 10:00:30+00');
select is(test.claim(1, 'default', 10), array[test.id(2)], 'due at its very instant');
select is((select array_agg(test.finish(1, test.id(n), 'completed')) from generate_series(1, 2) n), '{completed,completed}', 'done');
delete from pgconductor.executions;

-- Priority, then time.
select test.clock('2025-01-15 10:00:00+00');
insert into pgconductor.executions (id, task_key, lane, priority, run_at)
select test.id(100 + n), 't', (select lane from pgconductor.tasks where key = 't'), p, '2025-01-15 09:00+00'::timestamptz + s * interval '1 second'
from (values (1, 0, 5), (2, 0, 1), (3, 10, 9), (4, 10, 3), (5, -100, 0), (6, 100, 20), (7, 50, 4000)) v (n, p, s);
select is(test.claim(1, 'default', 3), array[test.id(106), test.id(104), test.id(103)], 'higher priority sooner; within one the older');
select is(test.claim(1, 'default', 10), array[test.id(102), test.id(101), test.id(105)], 'down to the lowest; what is not due waits, whatever its priority');
delete from pgconductor.executions;

-- First in, first out, whatever the size of the claims.
insert into pgconductor.executions (id, task_key, lane, run_at)
select test.id(1000 + n), 't', (select lane from pgconductor.tasks where key = 't'), '2025-01-15 09:00+00'::timestamptz + n * interval '1 microsecond' from generate_series(1, 100) n;
do $$
begin
    for i in 1..17 loop
        perform * from pgconductor.claim_executions(test.id(1), 'default', 6);
    end loop;
end
$$;
select is((select array_agg(u.id order by l.id, u.position) from pgconductor.leases l, unnest(l.ids) with ordinality u (id, position)
    where u.id between test.id(1001) and test.id(1100)), array(select test.id(1000 + n) from generate_series(1, 100) n), 'seventeen claims of six take a hundred in order');

-- The position: what is behind it waits for a claim without one.
insert into pgconductor.executions (id, task_key, lane, run_at)
select test.id(2000 + n), 't', (select lane from pgconductor.tasks where key = 't'), '2025-01-15 09:00+00'::timestamptz + n * interval '1 second' from generate_series(1, 6) n;
create function pg_temp.from_position(size integer, at jsonb) returns table (ids uuid[], next jsonb) language sql as $$
    select array_agg(c.id order by c.position) filter (where c.id is not null), max(c.next_position::text)::jsonb from pgconductor.claim_executions(test.id(1), 'default', size, p_position => at) c
$$;
select ids as a, next as p from pg_temp.from_position(2, null) \gset
select is(:'a', array[test.id(2001), test.id(2002)]::text, 'from the start');
insert into pgconductor.executions (id, task_key, lane, run_at) values (test.id(2010), 't', (select lane from pgconductor.tasks where key = 't'), '2025-01-15 08:00+00');
select ids as a, next as p from pg_temp.from_position(2, :'p') \gset
select is(:'a', array[test.id(2003), test.id(2004)]::text, 'from where it was left: a late arrival is not seen');
insert into pgconductor.executions (id, task_key, lane, run_at) values (test.id(2011), 't', (select lane from pgconductor.tasks where key = 't'), '2025-01-15 09:00:04+00');
select ids as a, next as p from pg_temp.from_position(10, :'p') \gset
select is(:'a', array[test.id(2011), test.id(2005), test.id(2006)]::text, 'the very instant of the position is looked at again');
select is_empty(format('select * from pgconductor.claim_executions(test.id(1), ''default'', 10, p_position => %L)', :'p'), 'nothing from there on: no row at all');
select is(test.claim(1, 'default', 10), array[test.id(2010)], 'without a position the late arrival is found');
select is_empty($$ select * from pgconductor.claim_executions(test.id(1), 'default', 10, p_position => '[["gone", 0, "-infinity"]]') $$, 'a position in a lane that is not ours is ignored');

-- Lanes: windows, pauses, what is unknown here.
select lives_ok($$ select pgconductor.register_orchestrator(test.id(2), 'o', '1', 1);
    select pgconductor.register_worker(test.id(2), 'w', '[{"key": "day", "window_start": "09:00", "window_end": "17:00"}, {"key": "night", "window_start": "22:00", "window_end": "06:00", "time_zone": "Asia/Tokyo"}, {"key": "always"}]');
    select pgconductor.invoke(t, p_id => test.id(n)) from (values ('day', 3001), ('night', 3002), ('always', 3003)) v (t, n) $$, 'a task by day, one by night in Tokyo, one always');
create function pg_temp.peek(n integer, queue text) returns text[] language plpgsql as $$
declare
    v_keys text[];
begin
    begin
        select array_agg(c.task_key order by c.task_key) into v_keys from pgconductor.claim_executions(test.id(n), queue, 10) c where c.id is not null;
        raise exception 'back' using errcode = 'PT000';
    exception when sqlstate 'PT000' then
        return v_keys;
    end;
end
$$;
update pgconductor.executions set run_at = '2025-01-15 00:00+00';
select test.clock('2025-01-15 08:59:59+00');
select is(pg_temp.peek(2, 'w'), '{always}', '8:59 UTC, 17:59 in Tokyo: only the one');
select is((select count(*) from pgconductor.all_executions where task_key in ('day', 'night', 'always') and state = 'ready'), 3::bigint, 'the other two wait, though due');
select test.clock('2025-01-15 09:00:00+00');
select is(pg_temp.peek(2, 'w'), '{always,day}', '9:00: the day begins');
select test.clock('2025-01-15 13:00:00+00');
select is(pg_temp.peek(2, 'w'), '{always,day,night}', '13:00 UTC, 22:00 in Tokyo: both windows are open');
select test.clock('2025-01-15 17:00:00+00');
select is(pg_temp.peek(2, 'w'), '{always,night}', '17:00: the day is over');
select test.clock('2025-01-15 21:00:00+00');
select is(pg_temp.peek(2, 'w'), '{always}', '21:00 UTC, 6:00 in Tokyo: so is the night');
select test.clock('2025-01-15 13:00:00+00');
update pgconductor.tasks set paused = true where key = 'day';
select is(pg_temp.peek(2, 'w'), '{always,night}', 'a paused task');
update pgconductor.tasks set paused = true where key = 'always';
select is(pg_temp.peek(2, 'w'), '{night}', 'paused while its rows are in the plain lane');
update pgconductor.tasks set paused = false;
select is(pg_temp.peek(2, 'w'), '{always,day,night}', 'and going on');
select pgconductor.pause_queue('w');
select is(pg_temp.peek(2, 'w'), null, 'the queue paused: nothing');
select pgconductor.resume_queue('w');

-- When windows close is told with what was claimed, when they open with a claim that found nothing.
select lives_ok($$ select pgconductor.register_orchestrator(test.id(20), 'o', '1', 1);
    select pgconductor.register_worker(test.id(20), 'hours', '[{"key": "shop", "windows": ["09:00-12:00", "13:00-17:00"]}, {"key": "bakery", "windows": ["03:00-07:00"]}, {"key": "kiosk"}]') $$, 'two with windows, one without');
select test.clock('2025-01-15 02:00:00+00');
select is((select next_due_in from pgconductor.claim_executions(test.id(20), 'hours', 10)), null, 'nothing waits: nothing to come back for');
select pgconductor.invoke(t, p_queue => 'hours', p_id => test.id(n)) from (values ('shop', 3101), ('shop', 3102), ('kiosk', 3103)) v (t, n);
select is((select array_agg(row(task_key, closes_in)::text order by task_key) from pgconductor.claim_executions(test.id(20), 'hours', 10)), '{"(kiosk,)"}', 'what has no window never closes');
select is((select next_due_in from pgconductor.claim_executions(test.id(20), 'hours', 10)), 25200::double precision, 'the shop opens in seven hours; the bakery has nothing to do');
select pgconductor.invoke('kiosk', p_queue => 'hours', p_id => test.id(3104), p_run_at => '2025-01-15 03:00:00+00');
select is((select next_due_in from pgconductor.claim_executions(test.id(20), 'hours', 10)), 3600::double precision, 'what is due before that is sooner');
select test.clock('2025-01-15 11:59:30+00');
select is((select array_agg(row(task_key, closes_in)::text order by id) from pgconductor.claim_executions(test.id(20), 'hours', 10)), '{"(shop,30)","(shop,30)","(kiosk,)"}', 'the first of its windows closes in half a minute');
select is((select array_agg(r.effect) from pgconductor.leases l, pgconductor.return_executions(test.id(20), '{}', array[l.id, l.id], array[1, 2], '{released,released}') r
    where l.orchestrator_id = test.id(20) and test.id(3101) = any (l.ids)), '{released,released}', 'handed back at a step');
select test.clock('2025-01-15 12:00:00+00');
select is((select next_due_in from pgconductor.claim_executions(test.id(20), 'hours', 10)), 3600::double precision, 'they wait for the next window, due as they are');
select test.clock('2025-01-15 13:00:00+00');
select is((select array_agg(row(id, attempt, closes_in)::text order by id) from pgconductor.claim_executions(test.id(20), 'hours', 10)),
    array[row(test.id(3101), 1, 14400)::text, row(test.id(3102), 1, 14400)::text], 'and go on in it, no attempt counted');

-- A backlog that is in the plain lane when its task gets a window, is paused, or is unknown here, moves out of the way.
select lives_ok($$ select test.worker(3, 'b', 'late', 'plain');
    select pgconductor.invoke('late', p_queue => 'b', p_id => test.id(4000 + n)) from generate_series(1, 30) n;
    select pgconductor.invoke('plain', p_queue => 'b', p_id => test.id(4100 + n)) from generate_series(1, 3) n;
    select pgconductor.register_worker(test.id(3), 'b', '[{"key": "late", "window_start": "01:00", "window_end": "02:00"}, {"key": "plain"}]') $$, 'thirty rows in the plain lane, then a window');
select is((select count(*) from pgconductor.executions where queue = 'b' and lane = ''), 33::bigint, 'they are in the plain lane');
select is(test.claim(3, 'b', 3), array[test.id(4101), test.id(4102), test.id(4103)], 'a claim takes what is open behind them');
select is((select count(*) from pgconductor.executions where queue = 'b' and lane = 'late'), 30::bigint, 'and moves them to the closed lane');
select test.clock('2025-01-16 01:00+00');
select is(cardinality(test.claim(3, 'b', 100)), 30, 'where the window finds them');

-- A rolling deploy: the old worker lacks "new".
select lives_ok($$ select test.worker(4, 'roll', 'old'); select test.worker(5, 'roll', 'old', 'new');
    select pgconductor.invoke('new', p_queue => 'roll', p_id => test.id(5000 + n)) from generate_series(1, 5) n;
    select pgconductor.invoke('old', p_queue => 'roll', p_id => test.id(5100 + n)) from generate_series(1, 5) n;
    insert into pgconductor.executions (id, task_key, queue, lane) select test.id(5200 + n), 'new', 'roll', '' from generate_series(1, 5) n $$, 'old and new, some of the new in the plain lane');
select is(pg_temp.peek(4, 'roll'), '{old,old,old,old,old}', 'the old worker gets only what it knows');
select is(cardinality(test.claim(4, 'roll', 100)), 5, 'and all of it');
select is((select count(*) from pgconductor.executions where task_key = 'new'), 10::bigint, 'nothing of the new is touched');
select is(test.claim(4, 'roll', 100), '{}', 'ever');
select is(cardinality(test.claim(5, 'roll', 100)), 10, 'the new worker gets it');

-- A long backlog of unknown rows before known ones: gone after few claims, and the answer says "come again at once".
select lives_ok($$ insert into pgconductor.executions (id, task_key, queue, lane, run_at) select test.id(6000 + n), 'unknown', 'roll', '', '2025-01-14 00:00+00' from generate_series(1, 2000) n;
    select pgconductor.invoke('old', p_queue => 'roll', p_id => test.id(6)) $$, '2000 of them, at one instant');
select results_eq($$ select id, next_due_in from pgconductor.claim_executions(test.id(4), 'roll', 1) $$, $$ values (null::uuid, 0::double precision) $$, 'the first claim: nothing yet, but due');
create function pg_temp.claims_until_found() returns integer language plpgsql as $$
begin
    for i in 2..10 loop
        if test.claim(4, 'roll', 1) = array[test.id(6)] then
            return i;
        end if;
    end loop;
    return null;
end
$$;
select cmp_ok(pg_temp.claims_until_found(), '<=', 5, 'found after few claims');
select is((select array_agg(distinct lane) from pgconductor.executions where task_key = 'unknown'), '{unknown}', 'the unknown are out of the way, none lost');
select is((select count(*) from pgconductor.executions where task_key = 'unknown'), 2000::bigint, 'all of them');

-- Known and unknown at one instant: each known one once.
select lives_ok($$ insert into pgconductor.executions (id, task_key, queue, lane, run_at) select test.id(9000 + n), case n % 3 when 0 then 'old' else 'unknown2' end, 'roll', '', '2025-01-14 00:00+00' from generate_series(1, 30) n $$, 'ten among twenty');
select is(cardinality(test.claim(4, 'roll', 10)), 10, 'a claim of ten gets the ten');

-- Exhausted rows in front.
select lives_ok($$ insert into pgconductor.executions (id, task_key, queue, lane, run_at, attempts) select test.id(9100 + n), 'old', 'roll', '', '2025-01-14 00:00+00', 5 from generate_series(1, 20) n;
    select pgconductor.invoke('old', p_queue => 'roll', p_id => test.id(7)) $$, 'twenty without attempts left, one with');
select is(test.claim(4, 'roll', 5), array[test.id(7)], 'the claim looks behind them');
select is((select count(*) from pgconductor.failed_executions where reason = 'not started: all 5 attempts were used up'), 20::bigint, 'and they are dead letters');

-- Fairness between lanes of one priority.
select lives_ok($$ select pgconductor.register_orchestrator(test.id(8), 'o', '1', 1);
    select pgconductor.register_worker(test.id(8), 'fair', '[{"key": "a", "window_start": "00:00", "window_end": "24:00"}, {"key": "b", "window_start": "00:00", "window_end": "24:00"}, {"key": "c"}]');
    insert into pgconductor.executions (id, task_key, queue, lane, run_at, priority) select test.id(20000 + n), 'a', 'fair', 'a', '2025-01-15 00:00+00', 0 from generate_series(1, 1000) n;
    insert into pgconductor.executions (id, task_key, queue, lane, run_at, priority) select test.id(30000 + n), 'b', 'fair', 'b', '2025-01-15 01:00+00', 0 from generate_series(1, 1000) n;
    insert into pgconductor.executions (id, task_key, queue, lane, run_at, priority) select test.id(40000 + n), 'c', 'fair', '', '2025-01-15 02:00+00', 0 from generate_series(1, 4) n $$, 'a thousand, a thousand later, and four later still');
create temp table shares as select task_key, count(*) as n from pgconductor.claim_executions(test.id(8), 'fair', 30) group by task_key;
select is((select sum(n) from shares), 30::numeric, 'a claim of thirty is full');
select is((select n from shares where task_key = 'c'), 4::bigint, 'the four are in it');
select cmp_ok((select min(n) from shares where task_key <> 'c'), '>=', 10::bigint, 'and at least a third of each of the others');
insert into pgconductor.executions (id, task_key, queue, lane, run_at, priority) values (test.id(50000), 'b', 'fair', 'b', '2025-01-15 03:00+00', 1);
select is((select array_agg(id) from pgconductor.claim_executions(test.id(8), 'fair', 1)), array[test.id(50000)], 'a higher priority in any lane goes first');
create temp table firsts as select (test.claim(8, 'fair', 1))[1] < test.id(30000) as a from generate_series(1, 40);
select is((select array_agg(distinct a order by a) from firsts), '{f,t}', 'of claims of one, both lanes get some');

-- Bytes.
select lives_ok($$ select test.worker(9, 'large', 'l'); select pgconductor.invoke('l', to_jsonb(repeat('x', 100000)), 'large', p_id => test.id(60000 + n)) from generate_series(1, 10) n;
    update pgconductor.executions set run_at = '2025-01-15 00:00+00'::timestamptz + interval '1 second' * ('x' || right(id::text, 4))::bit(16)::integer where queue = 'large' $$, 'ten of 100 kB');
create function pg_temp.large(bytes bigint, at jsonb default null) returns table (n bigint, size bigint, next jsonb) language sql as $$
    select count(c.id), sum(length(c.payload #>> '{}')), max(c.next_position::text)::jsonb from pgconductor.claim_executions(test.id(9), 'large', 100, bytes, at) c
$$;
select n as a, size as b, next as p from pg_temp.large(250000) \gset
select is(array[:a, :b]::bigint[], '{2,200000}', '250 kB allow two, with their payloads');
select n as a, next as p from pg_temp.large(250000, :'p') \gset
select is(:a, 2, 'the next claim from its position goes on where this one was cut');
select is((select n from pg_temp.large(1)), 1::bigint, 'one comes however large it is');
select is((select n from pg_temp.large(100000000)), 5::bigint, 'none is passed over');
select is((select array_agg(u.id order by l.id, u.position) from pgconductor.leases l, unnest(l.ids) with ordinality u (id, position) where l.queue = 'large'), array(select test.id(60000 + n) from generate_series(1, 10) n), 'and all came in order');
select cmp_ok((select max(pg_column_size(payloads)) from pgconductor.leases where queue = 'large'), '<', 1000, 'no lease carries them');

select * from finish();
rollback;
