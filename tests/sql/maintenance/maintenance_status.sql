begin;
select plan(8);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.status(name text) returns text language sql as $$
    select concat_ws(' ', days_ahead, overdue, oldest, in_default) from pgconductor.maintenance_status() where table_name = name
$$;
select is(pg_temp.status('completed_executions'), '0 0 0', 'housekeeping never came');
select pgconductor.maintain(2);
select is(pg_temp.status('completed_executions'), '3 0 0', 'today and two days');
select is(pg_temp.status('failed_executions'), '3 0 0', 'of both');
select is(pg_temp.status('execution_logs'), '0 0 0', 'no task keeps log lines');
insert into pgconductor.tasks (key, keep_logs) values ('t', '36 hours'), ('ever', null);
select pgconductor.maintain(2);
select is(pg_temp.status('execution_logs'), '4 0 0', 'now one does: the days it needs');
insert into pgconductor.execution_logs (execution_id, expires_at, logged_at, ordinal, attempt, level, category, message)
values (test.id(1), '2025-03-01 00:00+00', now(), 1, 1, 2, 'c', 'm'), (test.id(2), '2025-01-16 00:00+00', now(), 1, 1, 2, 'c', 'm');
select test.clock('2025-01-17 10:00:00+00');
select is(pg_temp.status('execution_logs'), '2 2 2025-01-15 1', 'two days are over, and a row has no day');
select pgconductor.maintain(2);
select is(pg_temp.status('execution_logs'), '4 0 1', 'housekeeping drops and makes');
select is((select count(*) from pgconductor.execution_logs), 1::bigint, 'the line of the day that is over is gone');
select * from finish();
rollback;
