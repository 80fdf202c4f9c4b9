begin;
select plan(24);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

create function pg_temp.look(at jsonb, back interval default null) returns table (late boolean, next jsonb, due double precision) language sql as $$
    select f.late, f.next_position, f.next_due_in from pgconductor.find_late_arrivals(test.id(1), 'default', at, back) f
$$;
create function pg_temp.put(n integer, at text, priority integer default 0, lane text default '') returns void language sql as $$
    insert into pgconductor.executions (id, task_key, lane, priority, run_at) values (test.id(n), 't', lane, priority, ('2025-01-15 ' || at || '+00')::timestamptz)
$$;
\set at '[["", 0, "2025-01-15T09:30:00+00:00"]]'

select results_eq(format('select late, next from pg_temp.look(%L)', :'at'), $$ values (false, '[]'::jsonb) $$, 'not registered: nothing');
select lives_ok($$ select test.worker(1, 'default', 't') $$, 'a worker');
update pgconductor.tasks set lane = '';
select results_eq(format('select late, due from pg_temp.look(%L)', :'at'), $$ values (false, null::double precision) $$, 'nothing waits');
select is((select next from pg_temp.look(:'at')), :'at', 'the position stays');

-- Behind it.
select pg_temp.put(10, '09:29:59.5'), pg_temp.put(11, '09:20'), pg_temp.put(12, '09:40');
select is((select late from pg_temp.look(:'at', '0.4 seconds')), false, 'what lies farther back than it looks is not seen');
select results_eq(format('select late, next from pg_temp.look(%L, %L)', :'at', '1 second'),
    $$ values (true, '[["", 0, "2025-01-15T09:29:59.5+00:00"]]'::jsonb) $$, 'what lies within is where the next claim starts');
select results_eq(format('select late, next from pg_temp.look(%L)', :'at'),
    $$ values (true, '[["", 0, "2025-01-15T09:20:00+00:00"]]'::jsonb) $$, 'all the way back: the first of all');

-- In pieces.
create function pg_temp.piece(at jsonb, back interval, until timestamptz) returns table (late boolean, next jsonb, due double precision, looked_from timestamptz) language sql as $$
    select f.late, f.next_position, f.next_due_in, f.looked_from from pgconductor.find_late_arrivals(test.id(1), 'default', at, back, until) f
$$;
select results_eq(format('select late, looked_from from pg_temp.piece(%L, %L, null)', :'at', '0.4 seconds'), $$ values (false, timestamptz '2025-01-15 09:59:59.6+00') $$, 'the first one says how far it has looked');
select results_eq(format('select late, next, due, looked_from from pg_temp.piece(%L, %L, %L)', :'at', '5 minutes', '2025-01-15 09:29:59.5+00'),
    $$ values (false, '[["", 0, "2025-01-15T09:30:00+00:00"]]'::jsonb, null::double precision, timestamptz '2025-01-15 09:24:59.5+00') $$, 'the next one looks at what lies before that, and not farther than it is to');
select results_eq(format('select late, next, looked_from from pg_temp.piece(%L, null, %L)', :'at', '2025-01-15 09:24:59.5+00'),
    $$ values (true, '[["", 0, "2025-01-15T09:20:00+00:00"]]'::jsonb, null::timestamptz) $$, 'the last one at all the rest');
select results_eq(format('select late, next from pg_temp.piece(%L, %L, %L)', :'at', '31 minutes', '2025-01-15 10:00+00'),
    $$ values (true, '[["", 0, "2025-01-15T09:29:59.5+00:00"]]'::jsonb) $$, 'nothing that lies before the position is taken for late');
select is((select array_agg(c.id order by c.position) from pgconductor.claim_executions(test.id(1), 'default', 10, p_position => (select next from pg_temp.look(:'at'))) c),
    array[test.id(11), test.id(10), test.id(12)], 'a claim from there finds them, and what comes after');

-- Priorities that the position does not know: above, between and below, whatever back is.
select pg_temp.put(20, '08:00', 5), pg_temp.put(21, '08:01', -3), pg_temp.put(22, '08:02', 1);
select results_eq($$ select late, next from pg_temp.look('[["", 2, "2025-01-15T09:30:00+00:00"], ["", 0, "2025-01-15T09:30:00+00:00"]]', '1 second') $$,
    $$ values (true, '[["", 5, "2025-01-15T08:00:00+00:00"], ["", 2, "2025-01-15T09:30:00+00:00"], ["", 1, "2025-01-15T08:02:00+00:00"], ["", 0, "2025-01-15T09:30:00+00:00"], ["", -3, "2025-01-15T08:01:00+00:00"]]'::jsonb) $$,
    'new priorities');
select is((select array_agg(c.id order by c.position) from pgconductor.claim_executions(test.id(1), 'default', 10, p_position => (select next from pg_temp.look('[["", 0, "2025-01-15T09:30:00+00:00"]]', '1 second'))) c),
    array[test.id(20), test.id(22), test.id(21)], 'which a claim finds');
select pg_temp.put(24, '08:00', 6);
select results_eq(format('select late, next from pg_temp.piece(%L, %L, %L)', :'at', '1 hour', '2025-01-15 09:00+00'),
    $$ values (false, '[["", 0, "2025-01-15T09:30:00+00:00"]]'::jsonb) $$, 'which only the first piece looks for');
select is((select late from pg_temp.piece(:'at', '1 second', null)), true, 'and does');
delete from pgconductor.executions;
select pg_temp.put(23, '11:00', 7);
select results_eq(format('select late, due from pg_temp.look(%L)', :'at'), $$ values (false, 3600::double precision) $$, 'one that is not due is not late; it says when it is');
delete from pgconductor.executions;

-- Lanes.
select lives_ok($$ select test.worker(1, 'default', 't', 'own'); update pgconductor.tasks set lane = 'own' where key = 'own' $$, 'a task with a lane of its own');
select pg_temp.put(30, '08:00', 0, 'own'), pg_temp.put(31, '08:00', 0, 'foreign');
select results_eq(format('select jsonb_array_elements(next) from pg_temp.look(%L, %L) where late order by 1', :'at', '1 second'),
    $$ values ('["", 0, "2025-01-15T09:30:00+00:00"]'::jsonb), ('["own", 0, "2025-01-15T08:00:00+00:00"]') $$, 'a lane that the position does not know, if it is ours');
update pgconductor.tasks set paused = true where key = 'own';
select is((select late from pg_temp.look(:'at')), false, 'a closed lane is not looked at');
update pgconductor.tasks set paused = false, window_start = '11:00', window_end = '12:00' where key = 'own';
select is((select late from pg_temp.look(:'at')), false, 'nor one outside its window');
update pgconductor.tasks set window_start = null, window_end = null where key = 'own';
select lives_ok($$ select pgconductor.pause_queue('default') $$, 'a paused queue');
select results_eq(format('select late, next from pg_temp.look(%L)', :'at'), $$ values (false, '[]'::jsonb) $$, 'has nothing');
select pgconductor.resume_queue('default');

-- What waits for ever is due at no time.
delete from pgconductor.executions;
insert into pgconductor.executions (task_key, lane, run_at) values ('t', '', 'infinity');
select results_eq(format('select late, due from pg_temp.look(%L)', :'at'), $$ values (false, null::double precision) $$, 'one that waits for ever');
select * from finish();
rollback;
