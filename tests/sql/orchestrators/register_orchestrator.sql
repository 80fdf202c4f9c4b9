begin;
select plan(4);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.register_orchestrator(test.id(1), 'web-1', '1.2.3', 4) $$, 'a process');
select results_eq('select id, name, version, schema_version, started_at, last_heartbeat_at, draining from pgconductor.orchestrators',
    $$ values (test.id(1), 'web-1', '1.2.3', 4, timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00+00', false) $$, 'is known');
update pgconductor.orchestrators set draining = true;
select test.pass('10 seconds');
select lives_ok($$ select pgconductor.register_orchestrator(test.id(1), 'web-1', '1.2.3', 4) $$, 'again, its reply was lost');
select results_eq('select started_at, last_heartbeat_at, draining from pgconductor.orchestrators',
    $$ values (timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00:10+00', false) $$, 'is harmless, and a beat');
select * from finish();
rollback;
