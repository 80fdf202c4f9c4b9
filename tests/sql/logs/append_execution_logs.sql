begin;
select plan(13);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.tasks (key, keep_logs) values ('week', '7 days'), ('ever', null), ('none', '0');

create function pg_temp.append(task text, level integer default 2) returns bigint language sql as $$
    select pgconductor.append_execution_logs(array[test.id(1)], array[task], array[1], array[1], array[timestamptz '2025-01-15 09:59+00'], array[level],
        array['Shop.Mail'], array['hello'], array['boom'])
$$;
select is(pg_temp.append('week'), 1::bigint, 'a line is kept');
select results_eq($$ select execution_id, expires_at, logged_at, ordinal, attempt::integer, level::integer, category, message, exception from pgconductor.execution_logs $$,
    $$ values (test.id(1), timestamptz '2025-01-22 10:00+00', timestamptz '2025-01-15 09:59+00', 1, 1, 2, 'Shop.Mail', 'hello', 'boom') $$,
    'as it was, for as long as its task says');
select is(pg_temp.append('none'), 0::bigint, 'a task that keeps none');
select is(pg_temp.append('unknown'), 0::bigint, 'a task that nobody knows');
select is(pg_temp.append('ever'), 1::bigint, 'for ever');
select is((select tableoid::regclass::text from pgconductor.execution_logs where expires_at = 'infinity'), 'pgconductor.execution_logs_forever', 'has a partition of its own');
select is(pgconductor.append_execution_logs(array[test.id(2), test.id(3), test.id(4)], '{week,none,ever}', '{1,2,3}', '{1,2,3}',
    array_fill(timestamptz '2025-01-15 10:00+00', array[3]), '{0,1,5}', '{a,b,c}', '{m,n,o}'), 2::bigint, 'many, without exceptions');
select is((select array_agg(level::integer order by level) from pgconductor.execution_logs where execution_id in (test.id(2), test.id(4))), '{0,5}', 'of the tasks that keep them');
select is(pgconductor.append_execution_logs('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'), 0::bigint, 'none');
select throws_ok($$ select pg_temp.append('week', 6) $$, 'PC004', null, 'a level that is none');
select throws_ok($$ select pg_temp.append('week', null) $$, 'PC004', null, 'no level');
select throws_ok($$ select pgconductor.append_execution_logs(array[test.id(1)], '{}', '{1}', '{1}', array[now()], '{1}', '{a}', '{m}') $$, 'PC004', null, 'arrays of unequal length');
select throws_ok($$ select pgconductor.append_execution_logs(array[test.id(1)], '{week}', '{1}', '{1}', array[now()], '{1}', '{a}', '{m}', '{a,b}') $$, 'PC004', null, 'of exceptions too');
select * from finish();
rollback;
