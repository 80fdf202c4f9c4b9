begin;
select plan(9);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select lives_ok($$ select test.worker(1, 'default', 't'); select test.worker(1, 'other', 't') $$, 'a worker of two queues');
select lives_ok($$ select pgconductor.invoke('t', p_queue => 'default', p_id => test.id(10)); select pgconductor.invoke('t', p_queue => 'default', p_id => test.id(11)) $$, 'two executions');
select is(cardinality(test.claim(1, 'default', 1)), 1, 'one runs');

select lives_ok($$ select pgconductor.pause_queue('default') $$, 'pause');
select is_empty($$ select * from pgconductor.claim_executions(test.id(1), 'default', 10) $$, 'a paused queue answers a claim with no row at all');
select lives_ok($$ select pgconductor.invoke('t', p_queue => 'default', p_id => test.id(12)) $$, 'enqueueing goes on');
select is(test.finish(1, test.id(10), 'completed'), 'completed', 'so does what runs');
select is(pgconductor.invoke('t', p_queue => 'other', p_id => test.id(13)) is not null and test.claim(1, 'other', 10) = array[test.id(13)], true,
    'another queue is not concerned');
select throws_ok($$ select pgconductor.pause_queue('nobody') $$, 'PC002', null, 'no such queue: PC002');

select * from finish();
rollback;
