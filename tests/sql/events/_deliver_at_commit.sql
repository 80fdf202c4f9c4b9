-- Deferred: what happens at a commit is shown with SET CONSTRAINTS; the commit itself in concurrency/events.sh.
begin;
select plan(8);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor.register_subscriptions('s', '[{"task_key": "t", "name": "n", "event": "k"}]'); select pgconductor.emit_event('k') $$, 'an event');
select is((select count(*) from pgconductor.executions), 0::bigint, 'waits for the commit');
set constraints all immediate;
select is((select count(*) from pgconductor.executions), 1::bigint, 'and is delivered then');
-- What fails there fails nobody's commit.
create function pg_temp.broken() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$;
create trigger broken before update or insert on pgconductor.executions for each row execute function pg_temp.broken();
create trigger broken before insert on pgconductor.event_failures for each row execute function pg_temp.broken();
set constraints all deferred;
select lives_ok($$ select pgconductor.emit_event('k', '{"n": 2}') $$, 'an event that cannot be delivered, nor its failure written');
select lives_ok('set constraints all immediate', 'fails nobody''s commit');
select results_eq('select key, left_over from pgconductor.events', $$ values ('k'::text collate "C", true) $$, 'and is left for the next heartbeat');
drop trigger broken on pgconductor.executions;
drop trigger broken on pgconductor.event_failures;
select lives_ok($$ select pgconductor.orchestrator_heartbeat(test.id(1)) $$, 'which comes');
select is((select count(*) from pgconductor.executions), 2::bigint, 'and delivers it');
select * from finish();
rollback;
