begin;
select plan(4);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor.create_queue('q', true);
    select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(1, 5) n; select test.claim(1, 'default', 3);
    select test.finish(1, (select ids[1] from pgconductor.leases), 'completed');
    select pgconductor.invoke('u', p_queue => 'q'), pgconductor.invoke('u', p_queue => 'q', p_run_at => '2025-01-16') $$, 'some');
select is((select array_agg(concat_ws(' ', queue, task_key, state, count)) from pgconductor.count_executions()),
    '{default t completed 1,default t ready 2,default t running 2,q u ready 1,q u scheduled 1}', 'by queue, task and state');
select is((select sum(count) from pgconductor.count_executions(p_queue => 'q')), 2::numeric, 'of a queue');
select is((select sum(count) from pgconductor.count_executions(p_task_key => 't')), 5::numeric, 'of a task');
select * from finish();
rollback;
