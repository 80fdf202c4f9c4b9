begin;
select plan(4);
select lives_ok($$ select pgconductor._check_event_key('k'), pgconductor._check_event_key(repeat('k', 400)) $$, '1 to 400 bytes');
select throws_ok($$ select pgconductor._check_event_key('') $$, 'PC004', null, 'nothing: PC004');
select throws_ok($$ select pgconductor._check_event_key(null) $$, 'PC004', null, 'null: PC004');
select throws_ok($$ select pgconductor._check_event_key(repeat('é', 201)) $$, 'PC004', null, 'bytes count: PC004');
select * from finish();
rollback;
