begin;
select plan(7);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor.register_orchestrator(test.id(1), 'web-1', '1.2.3', 4) $$, 'a process');
select results_eq('select id, name, version, schema_version, started_at, last_heartbeat_at, draining from pgconductor.orchestrators',
    $$ values (test.id(1), 'web-1', '1.2.3', 4, timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00+00', false) $$, 'is known');
update pgconductor.orchestrators set draining = true;
select test.pass('10 seconds');
select lives_ok($$ select pgconductor.register_orchestrator(test.id(1), 'web-1', '1.2.3', 4) $$, 'again, its reply was lost');
select results_eq('select started_at, last_heartbeat_at, draining from pgconductor.orchestrators',
    $$ values (timestamptz '2025-01-15 10:00+00', timestamptz '2025-01-15 10:00:10+00', false) $$, 'is harmless, and a beat');
insert into pgconductor.migrations (version, name, checksum, breaking) values (1000, 'new_tables', 'x', true), (1001, 'other', 'x', false);
select throws_ok($$ select pgconductor.register_orchestrator(test.id(2), 'web-2', '1.2.3', 999) $$, 'PC010',
    'process "web-2" (1.2.3) was made for schema version 999, and version 1000 broke with it', 'of a version that a breaking migration left behind');
select throws_ok($$ select pgconductor.register_orchestrator(test.id(1), 'web-1', '1.2.3', 4) $$, 'PC010', null, 'nor does one come back');
select lives_ok($$ select pgconductor.register_orchestrator(test.id(3), 'web-3', '2.0', 1000) $$, 'the newest needs not to be known');
select * from finish();
rollback;
