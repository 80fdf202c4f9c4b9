-- Whole lives: claims, outcomes, keys that wait and go on.
begin;
select plan(57);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.register_orchestrator(test.id(1), 'o', '1', 1), pgconductor.register_orchestrator(test.id(2), 'o', '1', 1);
    select pgconductor.register_worker(test.id(n), 'default', '[{"key": "plain"}, {"key": "one", "limits": {"concurrency": 1}},
        {"key": "keyed", "limits": {"key": "c", "concurrency_per_key": 1}}, {"key": "rated", "limits": {"rate": {"count": 2, "seconds": 60}}},
        {"key": "fair", "limits": {"key": "c", "fair": true}}, {"key": "all", "limits": {"concurrency": 3, "key": "c", "concurrency_per_key": 2}}]') from generate_series(1, 2) n $$, 'two processes');

-- A task.
select pgconductor.invoke('one', p_id => test.id(10 + n)) from generate_series(1, 3) n;
select is(test.claim(1, 'default', 10), array[test.id(11)], 'one of the task runs');
select is(test.claim(2, 'default', 10), '{}', 'no process gets another');
select is((select plain from pgconductor.leases), false, 'its lease is more than forgotten');
select is(test.finish(1, test.id(11), 'completed'), 'completed', 'it ends');
select is(test.claim(2, 'default', 10), array[test.id(12)], 'the next runs');
select is(test.finish(2, test.id(12), 'failed', 'no', 0), 'retried', 'fails, and is due again');
select is(test.claim(2, 'default', 10), array[test.id(13)], 'who waited longer is next');
select is(test.finish(2, test.id(13), 'dead', 'no'), 'failed', 'a dead letter');
select is(test.claim(2, 'default', 10), array[test.id(12)], 'gives its slot back');
select is(test.finish(2, test.id(12), 'released'), 'released', 'released');
select is(test.claim(1, 'default', 10), array[test.id(12)], 'too');
select is(pgconductor.cancel_execution(test.id(12)), 'requested', 'cancelled while it runs');
select is(test.finish(1, test.id(12), 'failed', 'stop'), 'cancelled', 'and ended');
select is((select array_agg(running) from (select l.running - coalesce((select sum(slots) from pgconductor.freed_slots f where f.task_key = l.task_key and f.key = l.key), 0) as running from pgconductor.limits l) x), '{0}', 'nothing is held');

-- Keys.
select pgconductor.invoke('keyed', jsonb_build_object('c', c), p_id => test.id(100 + n::integer)) from unnest('{a,a,a,b,a,b}'::text[]) with ordinality u (c, n);
select is(test.claim(1, 'default', 10), array[test.id(101), test.id(104)], 'one of each key');
select is(test.claim(2, 'default', 10), '{}', 'the others wait');
select is((select count(distinct lane) from pgconductor.executions where task_key = 'keyed' and lane <> pgconductor._own_lane('keyed', true)), 2::bigint, 'in their keys'' lanes');
select pgconductor.invoke('keyed', '{"c": "a"}', p_id => test.id(107));
select is((select lane from pgconductor.executions where id = test.id(107)), pgconductor._held_lane('keyed', '=a'), 'one more goes there directly');
select pgconductor.invoke('keyed', '{"c": "a"}', p_id => test.id(108), p_run_at => '2025-01-15 11:00+00');
select is((select lane from pgconductor.executions where id = test.id(108)), pgconductor._own_lane('keyed', true), 'unless it is due later');
select test.pass('1 second');
select item from pgconductor.invoke_batch('{keyed,keyed}', array['{"c": "b"}', '{"c": "x"}']::jsonb[], array[test.id(109), test.id(110)]);
select is((select array_agg(lane order by id) from pgconductor.executions where id in (test.id(109), test.id(110))), array[pgconductor._held_lane('keyed', '=b'), pgconductor._own_lane('keyed', true)], 'a batch does likewise');
select is(test.claim(2, 'default', 10), array[test.id(110)], 'a key of its own is not held back');
select is(test.finish(1, test.id(101), 'completed'), 'completed', 'the first of one key ends');
select is(test.claim(1, 'default', 10), array[test.id(102)], 'the second follows');
select is(test.finish(1, test.id(104), 'completed'), 'completed', 'and of the other');
select is(test.claim(1, 'default', 10), array[test.id(106)], 'likewise');

-- A key's lane that was empty when the claim looked, and into which the same claim moved something.
select pgconductor.invoke('all', '{"c": "k"}', p_id => test.id(130 + n)) from generate_series(1, 3) n;
select is(test.claim(1, 'default', 10), array[test.id(131), test.id(132)], 'two of a key');
select is(pgconductor.cancel_execution(test.id(133)), 'cancelled', 'the one that waited is cancelled');
select is(test.finish(1, test.id(131), 'failed', 'no', 0), 'retried', 'one fails, and is due again');
select is(test.claim(1, 'default', 10) || test.claim(1, 'default', 10), array[test.id(131)], 'it does not wait for a moment at which nothing happens');
select is(test.finish(1, test.id(131), 'completed'), 'completed', 'it ends');
select is(test.finish(1, test.id(132), 'completed'), 'completed', 'and so does the other');

-- A suspended one holds nothing.
select is((select r.effect from pgconductor.leases l, pgconductor.return_executions(test.id(1), '{}', array[l.id], '{1}', '{suspended}', array['{"waits": [{"name": "nap", "kind": "sleep", "seconds": 3600}]}']::jsonb[]) r where l.ids = array[test.id(102)]), 'suspended', 'one sleeps');
select is(test.claim(1, 'default', 10), array[test.id(103)], 'the next of its key runs');

-- The dead.
update pgconductor.orchestrators set last_heartbeat_at = '2025-01-15 09:00+00' where id = test.id(1);
select is((select rescued from pgconductor.recover_stale_orchestrators()), 2, 'a process dies with two of them');
select is((select array_agg(i order by i) from unnest(test.claim(2, 'default', 10)) i), array[test.id(105), test.id(109)], 'their keys go on');
select is_empty('select * from pgconductor.check_limits()', 'all is counted as it is');

-- A rate.
select pgconductor.invoke('rated', p_id => test.id(200 + n)) from generate_series(1, 5) n;
select is(test.claim(2, 'default', 10), array[test.id(201), test.id(202)], 'two start');
select is((select next_due_in from pgconductor.claim_executions(test.id(2), 'default', 10)), 30.000001::double precision, 'the claim says when the next may');
select test.pass('30.000001 seconds');
select is(test.claim(2, 'default', 10), array[test.id(203)], 'and then it does');

-- Keys take turns.
select pgconductor.invoke('fair', jsonb_build_object('c', 'many'), p_id => test.id(300 + n)) from generate_series(1, 100) n;
select cmp_ok(cardinality(test.claim(2, 'default', 4)) + cardinality(test.claim(2, 'default', 2)), '>=', 4, 'one key alone gets what is free');
select pgconductor.invoke('fair', jsonb_build_object('c', 'few'), p_id => test.id(500 + n)) from generate_series(1, 2) n;
create temp table turns (i uuid);
do $$ begin
    for n in 1..3 loop
        insert into turns select unnest(test.claim(2, 'default', 4));
        perform test.pass('1 second');
    end loop;
end $$;
select is((select array_agg(i order by i) from turns where i > test.id(500)), array[test.id(501), test.id(502)], 'another does not wait behind its hundred');
select is((select count(*) from turns), 12::bigint, 'and no place stays empty');

-- Free slots, and what is plain.
select pgconductor.invoke('all', jsonb_build_object('c', n), p_id => test.id(600 + n)) from generate_series(1, 5) n;
select pgconductor.invoke('plain', p_id => test.id(700 + n)) from generate_series(1, 5) n;
delete from pgconductor.executions where task_key = 'fair';
select is((select array_agg(task_key order by task_key) from pgconductor.claim_executions(test.id(2), 'default', 4, p_free => 1) where lease_id is not null), '{all,plain,plain,plain}', 'no more of limited ones than there are slots free');
select is((select array_agg(distinct task_key) from pgconductor.claim_executions(test.id(2), 'default', 1, p_free => 0) where lease_id is not null), '{plain}', 'none free: none of them');
select is((select array_agg(task_key order by task_key) from pgconductor.claim_executions(test.id(2), 'default', 10)), '{all,all,plain}', 'the rest, as far as the limit goes');

-- For SQL workers the same.
select pgconductor.invoke('one', p_id => test.id(800 + n)) from generate_series(1, 2) n;
select is((select array_agg(id) from pgconductor.get_executions('one', test.id(3), 10)), array[test.id(801)], 'one of one');
select is_empty($$ select * from pgconductor.get_executions('one', test.id(3), 10) $$, 'no more');
select is_empty('select * from pgconductor.check_limits()', 'all is counted as it is');

-- Every start takes a token, whatever it is for: a first attempt, a retry, a resumption, and one that is given back unused.
insert into pgconductor.tasks (key, rate_count, rate_seconds, rate_burst) values ('tokens', 4, 3600, 4);
select pgconductor.invoke('tokens', p_id => test.id(900));
create function pg_temp.start() returns bigint language sql as $$ select count(*) from pgconductor.get_executions('tokens', test.id(3), 10) where id is not null $$;
select is(array[pg_temp.start()::text, test.finish(3, test.id(900), 'failed', 'no', 0)], '{1,retried}', 'the first attempt');
select is(array[pg_temp.start()::text, test.wait(3, test.id(900), '[{"name": "nap", "ordinal": 1, "kind": "sleep", "seconds": 0}]')], '{1,suspended}', 'a retry');
select is(array[pg_temp.start()::text, test.finish(3, test.id(900), 'released')], '{1,released}', 'what goes on after a wait');
select is(array[pg_temp.start()::text, test.finish(3, test.id(900), 'released')], '{1,released}', 'and what was given back');
select is(pg_temp.start(), 0::bigint, 'four tokens');

-- Priorities: within a key, and among the keys that a claim looks at. Between keys the turn comes first.
delete from pgconductor.executions;
delete from pgconductor.held_lanes;
insert into pgconductor.tasks (key, limit_path, max_running_per_key) values ('ranks', '{c}', 1);
select pgconductor.register_worker(test.id(2), 'default', '[{"key": "ranks", "limits": {"key": "c", "concurrency_per_key": 1}}]');
select pgconductor.invoke('ranks', '{"c": "a"}', p_id => test.id(1000)), pgconductor.invoke('ranks', '{"c": "b"}', p_id => test.id(1010));
select is(cardinality(test.claim(2, 'default', 10)), 2, 'two keys run');
select pgconductor.invoke('ranks', '{"c": "a"}', p_id => test.id(1001)), pgconductor.invoke('ranks', '{"c": "a"}', p_id => test.id(1002), p_priority => 5), pgconductor.invoke('ranks', '{"c": "b"}', p_id => test.id(1011), p_priority => 9);
select test.claim(2, 'default', 10);
select test.finish(2, test.id(1000), 'completed');
select is(test.claim(2, 'default', 1), array[test.id(1002)], 'the higher priority of its key');
select test.finish(2, test.id(1002), 'completed'), test.finish(2, test.id(1010), 'completed'), pgconductor._fold_freed('ranks', pgconductor.current_time());
update pgconductor.held_lanes set opens_at = opens_at + interval '1 second' where key = '=b';
select test.pass('2 seconds');
select is(test.claim(2, 'default', 1), array[test.id(1001)], 'with one slot free, the key that waited for its turn longer, whatever the priority of the other');
select * from finish();
rollback;
