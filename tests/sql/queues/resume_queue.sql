begin;
select plan(6);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor.invoke('t', p_id => test.id(10)); select pgconductor.pause_queue('default') $$, 'a paused queue');
select is(test.claim(1, 'default', 10), '{}', 'nothing is claimed');
select lives_ok($$ select pgconductor.resume_queue('default') $$, 'resume');
select is(test.claim(1, 'default', 10), array[test.id(10)], 'what waited is claimed');
select lives_ok($$ select pgconductor.resume_queue('default') $$, 'resuming what is not paused is harmless');
select throws_ok($$ select pgconductor.resume_queue('nobody') $$, 'PC002', null, 'no such queue: PC002');

select * from finish();
rollback;
