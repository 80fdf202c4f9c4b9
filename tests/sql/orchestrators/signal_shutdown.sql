begin;
select plan(4);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select ok(not pgconductor.signal_shutdown(test.id(1)), 'false: there is none');
select lives_ok($$ select test.worker(1, 'default', 't') $$, 'one');
select ok(pgconductor.signal_shutdown(test.id(1), 'upgrade'), 'true: it is told');
select results_eq('select orchestrator_id, kind, execution_id, reason, created_at from pgconductor.signals', $$ values (test.id(1), 'shutdown', null::uuid, 'upgrade', timestamptz '2025-01-15 10:00+00') $$, 'with the next beat');
select * from finish();
rollback;
