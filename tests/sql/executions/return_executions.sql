begin;
select plan(66);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

-- Orchestrator 1 serves: keep (history kept), forget (none kept). A lease of ids from .. to; its id.
select lives_ok($$ select test.worker(1, 'default', 'keep', 'forget'); select test.worker(2, 'default', 'keep', 'forget');
    update pgconductor.tasks set keep_completed = '0', keep_failed = '0' where key = 'forget' $$, 'two orchestrators');
create function pg_temp.lease(task text, first integer, size integer) returns bigint language plpgsql as $$
begin
    perform pgconductor.invoke_batch(array_fill(task, array[size]), array_fill('{"p": 1}'::jsonb, array[size]), array(select test.id(n) from generate_series(first, first + size - 1) n));
    return (select max(c.lease_id) from pgconductor.claim_executions(test.id(1), 'default', size) c);
end
$$;
create function pg_temp.give(n integer, lease bigint, positions integer[], outcome text, results jsonb[] default null, errors jsonb[] default null, delays double precision[] default null)
returns text[] language sql as $$
    select array_agg(r.position || ' ' || r.effect order by r.position, r.effect)
    from pgconductor.return_executions(test.id(n), '{}', array_fill(lease, array[cardinality(positions)]), positions, array_fill(outcome, array[cardinality(positions)]), results, errors, delays) r
$$;
create function pg_temp.whole(n integer, variadic leases bigint[]) returns text[] language sql as $$
    select array_agg(r.position || ' ' || r.effect order by r.lease_id, r.position) from pgconductor.return_executions(test.id(n), leases) r
$$;

-- Completed.
select pg_temp.lease('keep', 1, 3) as l \gset
select is(pg_temp.give(1, :l, '{2}', 'completed', array['{"r": 2}']::jsonb[]), '{2 completed}', 'completed');
select results_eq($$ select task_key, queue, attempts, created_at, started_at, finished_at, expires_at, payload, result, errors from pgconductor.completed_executions where id = test.id(2) $$,
    $$ values ('keep'::text collate "C", 'default'::text collate "C", 1::smallint, timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00+00',
        timestamptz '2025-01-16 10:00+00', '{"p": 1}'::jsonb, '{"r": 2}'::jsonb, null::jsonb) $$, 'with its result, kept for a day');
select is((select done from pgconductor.leases where id = :l), '{2}', 'the lease knows');
select is(pg_temp.give(1, :l, '{2}', 'completed'), '{2 rejected}', 'a second outcome is rejected');
select is(pg_temp.give(1, :l, '{1,1}', 'completed'), '{1 completed,1 rejected}', 'twice in one call: once');
select is((select count(*) from pgconductor.completed_executions), 2::bigint, 'each is in the history once');
select is((select count(*) from pgconductor.leases), 1::bigint, 'a partly finished lease stays');
select is(pg_temp.give(1, :l, '{3}', 'completed'), '{3 completed}', 'the last one');
select is((select count(*) from pgconductor.leases), 0::bigint, 'takes the lease along');
select is(pg_temp.give(1, :l, '{3}', 'failed'), '{3 rejected}', 'after that everything is rejected');
select is(pg_temp.give(1, 987654321, '{1}', 'completed'), '{1 rejected}', 'so is a lease that never was');

select pg_temp.lease('forget', 5, 2) as l \gset
select is(pg_temp.give(1, :l, '{1,2}', 'completed'), '{1 completed,2 completed}', 'completed, not kept');
select is(test.state(test.id(5)), null, 'leaves nothing');

-- Fencing.
select pg_temp.lease('keep', 10, 2) as l \gset
select is(pg_temp.give(2, :l, '{1}', 'completed'), '{1 rejected}', 'another orchestrator''s result is rejected');
select is(pg_temp.whole(2, :l), '{0 rejected}', 'also of a whole lease');
select is(test.state(test.id(10)), 'running', 'and changes nothing');
select is(pg_temp.give(1, :l, '{0,3,-1}', 'completed'), '{-1 rejected,0 rejected,3 rejected}', 'positions that the lease has not');
select is(pg_temp.give(1, :l, '{1,2}', 'completed'), '{1 completed,2 completed}', 'the owner''s own are taken');

-- Whole leases, the cheap way.
select pg_temp.lease('forget', 20, 3) as l, pg_temp.lease('forget', 30, 2) as m \gset
select is((select plain from pgconductor.leases where id = :l), true, 'a lease of nothing to keep is plain');
select is(pg_temp.whole(2, :l, :m), '{"0 rejected","0 rejected"}', 'another orchestrator''s is rejected');
select is(pg_temp.whole(1, :l, :m, 9000000000000000000), '{0 completed,0 completed,0 rejected}', 'one answer a lease, position 0');
select is((select count(*) from pgconductor.leases), 0::bigint, 'they are gone');
select is(pg_temp.whole(1, :l), '{0 rejected}', 'once only');
select pg_temp.lease('forget', 40, 2) as l \gset
select is(pg_temp.whole(1, :l, :l), '{0 completed}', 'the same lease twice in a call counts once');

-- Whole leases that are not plain.
select pg_temp.lease('keep', 50, 3) as l \gset
select is((select plain from pgconductor.leases where id = :l), false, 'a lease with history is not plain');
select is(pg_temp.whole(1, :l), '{"1 completed","2 completed","3 completed"}', 'one answer a position');
select is((select count(*) from pgconductor.completed_executions where id in (test.id(50), test.id(51), test.id(52))), 3::bigint, 'all are kept');
select pg_temp.lease('forget', 60, 3) as l \gset
select is(pg_temp.give(1, :l, '{2}', 'failed', null, array['{"message": "no"}']::jsonb[]), '{2 retried}', 'one position on its own');
select is(pg_temp.whole(1, :l), '{"1 completed","2 rejected","3 completed"}', 'then the rest by the whole lease');
select is(test.state(test.id(61)), 'scheduled', 'the one retried is not completed by it');
select is((select count(*) from pgconductor.leases), 0::bigint, 'and the lease is gone');

-- Several leases in one call.
select pg_temp.lease('forget', 70, 2) as l, pg_temp.lease('keep', 80, 2) as m, pg_temp.lease('keep', 90, 1) as o \gset
select results_eq(format($$ select * from pgconductor.return_executions(test.id(1), array[%s], array[%s, %s, %s], array[2, 1, 1], array['completed', 'dead', 'released']) order by 1, 2 $$, :l, :m, :m, :o),
    format($$ values (%s::bigint, 0, 'completed'), (%s, 1, 'failed'), (%s, 2, 'completed'), (%s, 1, 'released') $$, :l, :m, :m, :o), 'all sorts in one call, each answered');

-- Retries: the default backoff by attempt, with its jitter.
select is(test.state(test.id(90)), 'ready', 'what was released is ready');
delete from pgconductor.executions;
insert into pgconductor.tasks (key, lane, max_attempts) values ('b', '', 32767);
update pgconductor.workers set task_keys = '{b,keep,forget}' where orchestrator_id = test.id(1);
insert into pgconductor.executions (id, task_key, lane, attempts) select test.id(10000 + a * 100 + n), 'b', '', a - 1 from generate_series(1, 12) a, generate_series(1, 100) n;
select lives_ok($$ select test.claim(1, 'default', 5000); select pgconductor.return_executions(test.id(1), '{}', array_agg(l.id), array_agg(s), array_agg('failed'::text))
    from pgconductor.leases l, generate_series(1, l.size) s $$, 'a hundred failures of each of twelve attempts');
create temp table waits as select attempts, extract(epoch from run_at - '2025-01-15 10:00+00')::float8 as s from pgconductor.executions where task_key = 'b';
create temp table expected (attempts integer, s float8);
insert into expected values (1, 15), (2, 30), (3, 60), (4, 120), (5, 300), (6, 600), (7, 1200), (8, 2400), (9, 3600), (10, 7200), (11, 7200), (12, 7200);
select is((select count(*) from waits), 1200::bigint, 'all are put back');
select is_empty($$ select attempts, w.s from waits w join expected e using (attempts) where w.s not between e.s * 0.9 and e.s * 1.1 $$, 'each wait is the table''s, within ten per cent');
select is_empty($$ select attempts from waits w join expected e using (attempts) group by attempts, e.s having min(w.s) > e.s * 0.97 or max(w.s) < e.s * 1.03 or count(distinct w.s) < 90 $$,
    'and spread over them, both ways');
delete from pgconductor.executions;
update pgconductor.tasks set backoff_seconds = '{1,2.5}', backoff_jitter = 0 where key = 'b';
insert into pgconductor.executions (id, task_key, lane, attempts) select test.id(200 + a), 'b', '', a from generate_series(0, 2) a;
select is(cardinality(test.claim(1, 'default', 10)), 3, 'three attempts of a task with a backoff of its own');
select is(array(select test.finish(1, test.id(n), 'failed', 'x') from generate_series(200, 202) n), '{retried,retried,retried}', 'fail');
select is(array(select extract(epoch from run_at - '2025-01-15 10:00+00')::float8 from pgconductor.executions order by id), '{1,2.5,2.5}', 'the last one repeats; no jitter');
delete from pgconductor.executions;

-- Failed, with attempts left and without.
select pg_temp.lease('keep', 300, 6) as l \gset
select is(pg_temp.give(1, :l, '{1}', 'failed', null, array['{"message": "first", "type": "X"}']::jsonb[], '{7}'), '{1 retried}', 'a delay of the handler''s');
select results_eq($$ select run_at, attempts, errors #- '{0,at}' from pgconductor.executions where id = test.id(300) $$,
    $$ values (timestamptz '2025-01-15 10:00:07+00', 1::smallint, '[{"message": "first", "type": "X", "attempt": 1}]'::jsonb) $$, 'wins; the error is kept');
select is(pg_temp.give(1, :l, '{2}', 'failed', null, null, '{0}'), '{2 retried}', 'a delay of nothing');
select is(test.state(test.id(301)), 'ready', 'is at once');
select is(pg_temp.give(1, :l, '{3}', 'failed', null, null, '{-5}'), '{3 retried}', 'one below nothing');
select is((select run_at from pgconductor.executions where id = test.id(302)), '2025-01-15 10:00+00', 'is at once too');
select is(pg_temp.give(1, :l, '{4}', 'dead', null, array['{"message": "never again"}']::jsonb[]), '{4 failed}', 'dead: no retry');
select results_eq($$ select reason, cancelled, attempts, expires_at, payload, errors #>> '{0,message}' from pgconductor.failed_executions where id = test.id(303) $$,
    $$ values ('never again', false, 1::smallint, timestamptz '2025-01-29 10:00+00', '{"p": 1}'::jsonb, 'never again') $$, 'a dead letter with its reason, kept for 14 days');
select is(pg_temp.give(1, :l, '{5,6}', 'released', null, null, '{null,60}'), '{5 released,6 released}', 'released, now and later');
select results_eq($$ select id, attempts, run_at, errors from pgconductor.executions where id in (test.id(304), test.id(305)) order by id $$,
    $$ values (test.id(304), 0::smallint, timestamptz '2025-01-15 10:00+00', null::jsonb), (test.id(305), 0::smallint, '2025-01-15 10:01+00', null) $$, 'as if never started');
delete from pgconductor.executions;

select lives_ok($$ select pgconductor.invoke('keep', p_id => test.id(320), p_max_attempts => 1); select pgconductor.invoke('forget', p_id => test.id(321), p_max_attempts => 1) $$, 'one attempt only');
select is(cardinality(test.claim(1, 'default', 10)), 2, 'running');
select is(test.finish(1, test.id(320), 'failed', 'boom'), 'failed', 'the last attempt fails: dead letter');
select is(array[test.state(test.id(320)), test.reason(test.id(320))], '{failed,boom}', 'with the error');
select is(array[test.finish(1, test.id(321), 'failed'), test.state(test.id(321))], '{failed,null}', 'a task that keeps no failures keeps none');

-- What cannot be does not stop the others.
select pg_temp.lease('keep', 400, 6) as l \gset
select is(pg_temp.give(1, :l, '{1,2,3,4,5,6}', 'failed', null, array_fill('{"message": "m"}'::jsonb, array[6]), '{1e300,Infinity,NaN,3155760001,3155760000,1}'),
    '{1 failed,2 failed,3 failed,4 failed,5 retried,6 retried}', 'delays that no interval holds, among good ones');
select is((select reason from pgconductor.failed_executions where id = test.id(400)), 'a delay of 1e+300 seconds is not possible (at most 3155760000): m', 'each bad one says why');
select pg_temp.lease('keep', 410, 2) as l \gset
select is(pg_temp.give(1, :l, '{1,2}', 'released', null, null, '{Infinity,1}'), '{1 failed,2 released}', 'released for ever: a dead letter, not a lost one');
select pg_temp.lease('keep', 420, 1) as l \gset
select throws_ok(format($$ select pgconductor.return_executions(test.id(1), '{}', array[%s], '{1}', '{done}') $$, :l), 'PC004', null, 'an outcome nobody knows: PC004');
select throws_ok(format($$ select pgconductor.return_executions(test.id(1), '{}', array[%s], '{1}', array[null]) $$, :l), 'PC004', null, 'none: PC004');
select throws_ok(format($$ select pgconductor.return_executions(test.id(1), '{}', array[%s], '{1,2}', '{completed}') $$, :l), 'PC004', null, 'arrays of unequal length: PC004');
select is(test.state(test.id(420)), 'running', 'and nothing is recorded');

select is_empty($$ select * from pgconductor.return_executions(test.id(1)) $$, 'nothing to return: nothing to say');
select is(pg_temp.give(1, :l, '{1}', 'cancelled', null, array['{"message": "I stop"}']::jsonb[]), '{1 cancelled}', 'cancelled by the handler itself');
select is(array[test.state(test.id(420)), test.reason(test.id(420))], '{cancelled,"I stop"}', 'with its reason');

select * from finish();
rollback;
