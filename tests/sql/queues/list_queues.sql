begin;
select plan(4);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select results_eq($$ select name, paused, partitioned, ready, scheduled, running, oldest_due_seconds, workers from pgconductor.list_queues() $$,
    $$ values ('default', false, false, 0::bigint, 0::bigint, 0::bigint, null::double precision, 0::bigint) $$, 'an empty queue is listed');

select lives_ok($$ select test.worker(1, 'default', 't'); select test.worker(2, 'default', 't');
    select pgconductor.create_queue('hot', true); select pgconductor.pause_queue('hot');
    select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(10, 14) n;
    select test.claim(1, 'default', 3);
    select test.finish(1, l.ids[1], 'completed') from pgconductor.leases l;
    select test.pass('30 seconds');
    select pgconductor.invoke('t', p_queue => 'hot', p_run_at => '2025-01-16') $$, 'five, of which three were claimed and one finished; one later in another queue');
select results_eq($$ select name, paused, partitioned, ready, scheduled, running, oldest_due_seconds, workers from pgconductor.list_queues() $$,
    $$ values ('default', false, false, 2::bigint, 0::bigint, 2::bigint, 30::double precision, 2::bigint),
              ('hot', true, true, 0::bigint, 1::bigint, 0::bigint, null::double precision, 0::bigint) $$, 'what waits, runs, and since when');
select is((select count(*) from pgconductor.list_queues() where name = 'default'), 1::bigint, 'once each');

select * from finish();
rollback;
