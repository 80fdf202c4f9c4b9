-- That the process is notified is shown by a test of the engine; here: it is harmless whatever there is.
begin;
select plan(3);
select lives_ok('select pgconductor._announce_orphans()', 'no orphans');
insert into pgconductor.orphans values (test.id(1), 'r');
select lives_ok('select pgconductor._announce_orphans()', 'nobody to tell');
select lives_ok($$ select test.worker(1, 'default', 't'); select pgconductor._announce_orphans() $$, 'somebody to tell');
select * from finish();
rollback;
