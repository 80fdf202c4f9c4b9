begin;
select plan(4);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.execution_logs_default (execution_id, expires_at, logged_at, ordinal, attempt, level, category, message)
select test.id(n), timestamptz '2025-01-15 09:59:50+00' + n * interval '1 second', now(), 1, 1, 2, 'c', 'm' from generate_series(1, 12) n;
select is(pgconductor._delete_old_logs(4), 4::bigint, 'so many at a time');
select is((select min(expires_at) from pgconductor.execution_logs), '2025-01-15 09:59:55+00', 'the oldest first');
select is(pgconductor._delete_old_logs(100), 6::bigint, 'all that is over');
select is((select count(*) from pgconductor.execution_logs), 2::bigint, 'and nothing else');
select * from finish();
rollback;
