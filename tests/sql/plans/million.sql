-- Everything that runs while work flows, beside a million executions that wait, a million in the history and a million steps: each call
-- looks at the blocks of what it was asked for, first planned on tables that seem empty and then as often as a session does it.
begin;
-- In files of its own, without what earlier tests left behind.
truncate pgconductor.executions, pgconductor.completed_executions, pgconductor.failed_executions, pgconductor.steps;
insert into pgconductor.executions (task_key, queue, lane, run_at) select 't', 'zzz', repeat(md5(n::text), 20), '2025-01-16 10:00+00' from generate_series(1, 20000) n;
delete from pgconductor.executions;
analyze pgconductor.executions, pgconductor.leases, pgconductor.steps;
select plan(23);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

-- One round of everything; each line is what a call looked at.
create temp table cost (call text, size integer, blocks bigint, ms numeric);
create function pg_temp.measure(call text, size integer, query text) returns void language sql as $$
    insert into cost select $1, $2, c.blocks, c.ms from test.cost($3) c
$$;
create function pg_temp.round(n integer) returns void language plpgsql as $$
declare
    v_first constant integer := n * 1000;
    v_lease bigint;
begin
    perform pgconductor.register_orchestrator(test.id(n), 'test-' || n, '1.0', 1);
    perform pgconductor.register_worker(test.id(n), 'default', '[{"key": "t", "keep_completed_seconds": 86400}, {"key": "plain", "keep_completed_seconds": 0}, {"key": "stepped"}]');
    perform pg_temp.measure('invoke', 1, format('select pgconductor.invoke(''t'', p_id => test.id(%s))', v_first));
    perform pg_temp.measure('invoke with a key', 1, format('select pgconductor.invoke(''t'', p_id => test.id(%s), p_dedupe_key => ''k%s'')', v_first + 1, n));
    perform pg_temp.measure('invoke_batch', 20, format('select count(*) from pgconductor.invoke_batch(array_fill(''t''::text, array[20]), array_fill(''1''::jsonb, array[20]), array(select test.id(%s + i) from generate_series(10, 29) i))', v_first));
    perform pg_temp.measure('claim_executions', 22, format('select * from pgconductor.claim_executions(test.id(%s), ''default'', 22)', n));
    select max(l.id) into v_lease from pgconductor.leases l;
    perform pg_temp.measure('return_executions, kept', 10, format('select * from pgconductor.return_executions(test.id(%s), ''{}'', array_fill(%s::bigint, array[10]), array(select generate_series(1, 10)), array_fill(''completed''::text, array[10]))', n, v_lease));
    perform pg_temp.measure('return_executions, to be retried', 5, format('select * from pgconductor.return_executions(test.id(%s), ''{}'', array_fill(%s::bigint, array[5]), array(select generate_series(11, 15)), array_fill(''failed''::text, array[5]), null, array_fill(''{"message": "m"}''::jsonb, array[5]))', n, v_lease));
    perform pg_temp.measure('return_executions, dead', 5, format('select * from pgconductor.return_executions(test.id(%s), ''{}'', array_fill(%s::bigint, array[5]), array(select generate_series(16, 20)), array_fill(''dead''::text, array[5]), null, array_fill(''{"message": "m"}''::jsonb, array[5]))', n, v_lease));
    perform pg_temp.measure('return_executions, released', 2, format('select * from pgconductor.return_executions(test.id(%s), ''{}'', array_fill(%s::bigint, array[2]), array(select generate_series(21, 22)), array_fill(''released''::text, array[2]))', n, v_lease));
    perform pgconductor.invoke('t', p_id => test.id(v_first + 39));
    perform pg_temp.measure('cancel_execution', 1, format('select pgconductor.cancel_execution(test.id(%s))', v_first + 39));
    perform pg_temp.measure('get_execution', 1, format('select pgconductor.get_execution(test.id(%s))', v_first + 10));
    perform pg_temp.measure('retry_execution', 1, format('select pgconductor.retry_execution(id) from (select id from pgconductor.failed_executions where not cancelled limit 1) f'));

    perform pgconductor.invoke('plain', p_id => test.id(v_first + 40));
    perform test.claim(n, 'default', 100);
    select max(l.id) into v_lease from pgconductor.leases l;
    perform pg_temp.measure('return_executions, a lease', 1, format('select * from pgconductor.return_executions(test.id(%s), array[%s::bigint])', n, v_lease));

    perform pgconductor.invoke('stepped', p_id => test.id(v_first + 50));
    perform test.claim(n, 'default', 1);
    select max(l.id) into v_lease from pgconductor.leases l;
    perform pg_temp.measure('save_steps', 1, format('select * from pgconductor.save_steps(test.id(%s), array[%s::bigint], array[1], array[''s1''], array[1])', n, v_lease));
    perform pg_temp.measure('return_executions, asleep', 1, format('select * from pgconductor.return_executions(test.id(%s), ''{}'', array[%s::bigint], array[1], ''{suspended}'', array[''{"waits": [{"name": "z", "ordinal": 2, "kind": "sleep", "seconds": 1}]}''::jsonb])', n, v_lease));
    perform test.pass('2 seconds');
    perform pg_temp.measure('load_steps', 1, format('select * from pgconductor.load_steps(test.id(%s))', v_first + 50));
    perform pg_temp.measure('claim_executions, with steps', 1, format('select * from pgconductor.claim_executions(test.id(%s), ''default'', 100)', n));
    select max(l.id) into v_lease from pgconductor.leases l;
    perform pg_temp.measure('return_executions, with steps', 1, format('select * from pgconductor.return_executions(test.id(%s), ''{}'', array[%s::bigint], array[1], ''{completed}'')', n, v_lease));

    perform pgconductor.invoke_batch(array_fill('plain'::text, array[20]), array_fill('1'::jsonb, array[20]));
    perform test.claim(n, 'default', 20);
    perform pg_temp.measure('orchestrator_heartbeat', 1, format('select pgconductor.orchestrator_heartbeat(test.id(%s))', n));
    perform pg_temp.measure('oldest_due', 1, 'select pgconductor.oldest_due(''{default}'')');
    perform test.pass('1 minute');
    perform pg_temp.measure('recover_stale_orchestrators', 20, 'select pgconductor.recover_stale_orchestrators()');
end
$$;

select lives_ok('select pg_temp.round(1)', 'once, planned on empty tables');
truncate cost;
select lives_ok($$
    select test.million('t', '', '2025-02-01 00:00+00');
    insert into pgconductor.completed_executions (id, expires_at, created_at, started_at, finished_at, priority, attempts, queue, task_key)
    select gen_random_uuid(), '2025-01-16 09:00+00', '2025-01-15 09:00+00', '2025-01-15 09:00+00', '2025-01-15 09:00+00', 0, 1, 'default', 't' from generate_series(1, 1000000);
    insert into pgconductor.steps (execution_id, started_at, finished_at, ordinal, kind, name) select gen_random_uuid(), '2025-01-15 10:00+00', '2025-01-15 10:00+00', 1, 'step', 's' from generate_series(1, 1000000)
$$, 'a million of each');
-- The plans that were made before are used again, then made anew, then generic ones.
select lives_ok('select pg_temp.round(n) from generate_series(2, 8) n', 'seven times more');
-- A claim from the start walks over what the rounds before left, which one transaction cannot clean up.
select cmp_ok(s.most, '<=', case when s.call like 'claim%' then 3000::bigint else 200 + 20 * s.size end, format('%s of %s: %s blocks at most', s.call, s.size, s.most))
from (select c.call, max(c.blocks) as most, max(c.size) as size from cost c group by c.call order by c.call) s;
select * from finish();
rollback;
