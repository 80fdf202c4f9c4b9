begin;
select plan(2);
select is(pgconductor._run_key('nightly'), 'schedule nightly', 'it names the schedule');
select lives_ok($$ select pgconductor._check_invoke(0, null, null, pgconductor._run_key(repeat('k', 200)), 'return_existing') $$, 'the longest key makes one that is taken');
select * from finish();
rollback;
