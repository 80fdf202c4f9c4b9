-- The transition table, row by row: outcome x (attempts left, cancellation asked for) to effect, and what follows from it.
-- return_executions' file has what callers see of it.
begin;
select plan(52);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select lives_ok($$ select test.worker(1, 'default', 't', 'none');
    update pgconductor.tasks set max_attempts = 2, keep_completed = '1 hour' where key = 't';
    update pgconductor.tasks set keep_completed = '0', keep_failed = '0' where key = 'none' $$, 'a task of two attempts');

create temp table transitions (n integer, outcome text, attempts integer, cancel boolean, effect text, state text);
insert into transitions values
    (1, 'completed', 0, false, 'completed', 'completed'), (2, 'completed', 1, false, 'completed', 'completed'),
    (3, 'completed', 0, true, 'completed', 'completed'),
    (4, 'failed', 0, false, 'retried', 'scheduled'),      (5, 'failed', 1, false, 'failed', 'failed'),
    (6, 'failed', 0, true, 'cancelled', 'cancelled'),     (7, 'failed', 1, true, 'cancelled', 'cancelled'),
    (8, 'dead', 0, false, 'failed', 'failed'),            (9, 'dead', 0, true, 'cancelled', 'cancelled'),
    (10, 'released', 0, false, 'released', 'ready'),      (11, 'released', 1, false, 'released', 'ready'),
    (12, 'released', 0, true, 'cancelled', 'cancelled'),
    (13, 'cancelled', 0, false, 'cancelled', 'cancelled'), (14, 'cancelled', 0, true, 'cancelled', 'cancelled');
insert into pgconductor.executions (id, task_key, attempts, dedupe_key, payload, large_payload_bytes)
select test.id(n), 't', attempts, 'k' || n, null, 10000 from transitions;
insert into pgconductor.payloads select test.id(n), to_jsonb('large ' || n) from transitions;
select is(cardinality(test.claim(1, 'default', 20)), 14, 'all run');
select is((select array_agg(distinct pgconductor.cancel_execution(test.id(n), 'asked')) from transitions where cancel), '{requested}', 'some are asked to stop');
select test.pass('1 minute');
create temp table answers (n integer, effect text);
insert into answers
select t.n, r.effect
from (
    select array_agg(l.id order by p.position) as ids, array_agg(p.position::integer order by p.position) as positions,
        array_agg(x.outcome order by p.position) as outcomes, array_agg(x.n order by p.position) as ns
    from pgconductor.leases l cross join lateral unnest(l.ids) with ordinality p (id, position) join transitions x on test.id(x.n) = p.id
) a
cross join lateral pgconductor._settle(test.id(1), '{}', a.ids, a.positions, a.outcomes, array_fill('{"r": 1}'::jsonb, array[14]),
    array_fill('{"message": "m"}'::jsonb, array[14]), null, pgconductor.current_time()) r
join transitions t on t.n = a.ns[array_position(a.positions, r.position)];

select is((select effect from answers a where a.n = t.n), t.effect,
    format('%s, %s, %s: %s', outcome, case attempts when 0 then 'attempts left' else 'the last attempt' end,
        case when cancel then 'cancellation asked for' else 'not cancelled' end, effect)) from transitions t order by n;
select is(test.state(test.id(n)), state, format('%s is %s, and nothing else', n, state)) from transitions order by n;

-- What follows.
select is((select array_agg(distinct a.attempts order by a.attempts) from pgconductor.executions a join transitions t on test.id(t.n) = a.id where t.effect = 'released' and t.attempts = 0), '{0}', 'released: the attempt is given back');
select is((select attempts from pgconductor.executions where id = test.id(4)), 1::smallint, 'retried: it counts');
select is((select count(*) from pgconductor.dedupe_keys), 3::bigint, 'keys are free again, but for those that wait');
select is((select array_agg(dedupe_key::text order by dedupe_key) from pgconductor.executions), '{k10,k11,k4}', 'which keep theirs');
select is((select count(*) from pgconductor.payloads), 14::bigint, 'large payloads stay with what waits and with the history');
select is((select array_agg(distinct large_payload_bytes) from pgconductor.all_executions), '{10000}', 'which points at them');
select is((select array_agg(distinct reason) from pgconductor.failed_executions where id in (test.id(6), test.id(9), test.id(12))), '{asked}', 'a cancellation has its reason');
select is((select reason from pgconductor.failed_executions where id = test.id(13)), 'm', 'or the handler''s');
select is((select count(*) from pgconductor.completed_executions where expires_at = '2025-01-15 11:01+00' and result = '{"r": 1}' and started_at = '2025-01-15 10:00+00' and finished_at = '2025-01-15 10:01+00'),
    3::bigint, 'history: when it started and ended, and when it may go');
select is((select count(*) from pgconductor.leases), 0::bigint, 'nothing runs any more');

-- Nothing kept: the large payload goes with the outcome.
insert into pgconductor.executions (id, task_key, payload) select test.id(100 + n), 'none', to_jsonb(repeat('x', 9000)) from generate_series(1, 4) n;
select is((select count(*) from pgconductor.payloads p where execution_id >= test.id(100)), 4::bigint, 'four large payloads of a task that keeps nothing');
select is(cardinality(test.claim(1, 'default', 10)), 6, 'running, with the two released before');
select is(array[test.finish(1, test.id(101), 'completed'), test.finish(1, test.id(102), 'dead'), test.finish(1, test.id(103), 'failed'), test.finish(1, test.id(104), 'released')],
    '{completed,failed,retried,released}', 'outcomes');
select is((select array_agg(execution_id order by execution_id) from pgconductor.payloads p where execution_id >= test.id(100)), array[test.id(103), test.id(104)], 'only what waits keeps its payload');

-- An id that was enqueued again while it ran, a task that is gone: neither stops a flush.
delete from pgconductor.executions;
select lives_ok($$ select pgconductor.invoke('t', p_id => test.id(200 + n)) from generate_series(1, 3) n; select test.claim(1, 'default', 3);
    select pgconductor.invoke('t', '{"again": true}', p_id => test.id(201)); update pgconductor.tasks set keep_completed = null where key = 't' $$, 'one id twice: running and waiting');
select is(array[test.finish(1, test.id(201), 'failed'), test.finish(1, test.id(202), 'completed')], '{retried,completed}', 'a retry of it is taken');
select is(test.state(test.id(201)), 'ready', 'and it waits once');
select lives_ok($$ select pgconductor.invoke('t', p_id => test.id(202)); select test.claim(1, 'default', 10) $$, 'an id that has completed, and is kept for ever, once more');
select is(test.finish(1, test.id(202), 'completed'), 'completed', 'completes again');
delete from pgconductor.tasks where key = 't';
select is(test.finish(1, test.id(203), 'failed'), 'retried', 'of a task whose row somebody deleted: a retry is put back');
select results_eq($$ select lane, run_at - pgconductor.current_time() from pgconductor.executions where id = test.id(203) $$, $$ values ('t'::text collate "C", interval '15 seconds') $$, 'in the lane of its name');

select * from finish();
rollback;
