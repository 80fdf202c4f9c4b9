begin;
select plan(8);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(10, 13) n; select test.claim(1, 'default', 10);
    select test.step(1, test.id(10), 'a', '{"r": 1}'), test.step(1, test.id(10), 'b', 'null'), test.finish(1, test.id(11), 'failed', 'x', 0);
    insert into pgconductor.steps (execution_id, name, ordinal, started_at, finished_at, bytes, result) select test.id(n), 'big', 1, '2025-01-15 09:00+00', '2025-01-15 09:00+00', 4000000, '7' from generate_series(12, 13) n;
    select test.step(1, test.id(12), 'c'), test.step(1, test.id(13), 'c');
    select test.finish(1, test.id(n), 'failed', 'x', 0) from unnest('{10,12,13}'::int[]) n $$, 'four, three of them with steps, two of these with many bytes');
create temp table claimed as select * from pgconductor.claim_executions(test.id(1), 'default', 10);
select is((select count(*) from claimed), 4::bigint, 'claimed again');
select is((select steps from claimed where id = test.id(10)),
    '[["a", "step", "done", {"r": 1}, 1736935200000000, 1736935200000000, 1, null], ["b", "step", "done", null, 1736935200000000, 1736935200000000, 1, null]]', 'the steps come along');
select is((select steps from claimed where id = test.id(11)), null, 'of one without there are none');
select is((select array_agg(coalesce(jsonb_typeof(steps), 'none') order by position) from claimed where id in (test.id(12), test.id(13))), '{array,"null"}', 'what is more than 4 MB in all is left behind, and said so');
select is((select extras[array_position(ids, test.id(11))] ? 'flow' from pgconductor.leases), false, 'one without is as it was');
select is((select array_length(stepped, 1) from pgconductor.leases), 3, 'the new lease knows those with steps');
select is(pgconductor._carried_steps(array[test.id(999)], '{1}', now()), array[null]::jsonb[], 'none of one that has lost them');
select * from finish();
rollback;
