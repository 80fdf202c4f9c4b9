-- A million sleeping rows and ten that are ready: a claim touches the ten.
begin;
-- In files of its own, without what earlier tests left behind.
truncate pgconductor.executions;
select plan(12);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select test.worker(1, 'default', 't'); select test.million('t', '', '2025-01-15 10:00:01+00') $$, 'a million sleep');
insert into pgconductor.executions (id, task_key, lane, run_at) select test.id(n), 't', '', '2025-01-15 09:00+00'::timestamptz + n * interval '1 second' from generate_series(1, 10) n;

-- The first claim of a session, with no statistics: planned on nothing.
select * from test.cost($$ select * from pgconductor.claim_executions(test.id(1), 'default', 5) $$) \gset c_
select is(:c_n::bigint, 5::bigint, 'a claim of five finds five');
select cmp_ok(:c_entries::bigint, '<=', 40::bigint, format('of a million and ten index entries it reads %s (%s ms, planning included)', :c_entries, :c_ms));

-- The second and all that follow.
select * from test.cost($$ select * from pgconductor.claim_executions(test.id(1), 'default', 3) $$) \gset c_
select is(:c_n::bigint, 3::bigint, 'one of three finds three');
select cmp_ok(:c_entries::bigint, '<=', 40::bigint, format('reads %s index entries', :c_entries));
select cmp_ok(:c_blocks::bigint, '<=', 150::bigint, format('and looks at %s blocks (%s ms)', :c_blocks, :c_ms));

-- With statistics, and after so many calls that the plans are generic ones.
analyze pgconductor.executions;
select count(test.claim(1, 'default', 1)) from generate_series(1, 8) \gset
select * from test.cost($$ select * from pgconductor.claim_executions(test.id(1), 'default', 500) where lease_id is null and next_due_in = 1 + 1 $$) \gset c_
select is(:c_n::bigint, 1::bigint, 'an empty claim says when the next is due');
select cmp_ok(:c_entries::bigint, '<=', 40::bigint, format('from %s index entries', :c_entries));
select cmp_ok(:c_blocks::bigint, '<=', 150::bigint, format('and %s blocks (%s ms)', :c_blocks, :c_ms));
insert into pgconductor.executions (id, task_key, lane, run_at) select test.id(100 + n), 't', '', '2025-01-15 09:30+00'::timestamptz + n * interval '1 second' from generate_series(1, 500) n;
select * from test.cost($$ select * from pgconductor.claim_executions(test.id(1), 'default', 500) $$) \gset c_
select is(:c_n::bigint, 500::bigint, 'a claim of five hundred finds them');
select cmp_ok(:c_entries::bigint, '<=', 600::bigint, format('from %s index entries', :c_entries));
select cmp_ok(:c_blocks::bigint, '<=', 3500::bigint, format('and %s blocks, seven a row (%s ms)', :c_blocks, :c_ms));
select * from finish();
rollback;
