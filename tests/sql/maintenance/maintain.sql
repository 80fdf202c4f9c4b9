begin;
select plan(31);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.days(part text) returns text[] language sql as $$
    select array_agg(right(c.relname, 8) order by c.relname) from pg_class c join pg_inherits i on i.inhrelid = c.oid
    where i.inhparent = ('pgconductor.' || part)::regclass and c.relname ~ '_[0-9]{8}$'
$$;

-- Makes.
select results_eq('select * from pgconductor.maintain(p_days_ahead => 2)', 'values (6, 0, 0::bigint, 0)', 'today and two days of both histories');
select is(pg_temp.days('completed_executions'), '{20250115,20250116,20250117}', 'days of the fake clock');
select is(pg_temp.days('failed_executions'), '{20250115,20250116,20250117}', 'of both');
select results_eq('select * from pgconductor.maintain(p_days_ahead => 2)', 'values (0, 0, 0::bigint, 0)', 'again: nothing to do');
select is((select created from pgconductor.maintain()), 28, 'by default sixteen days');
insert into pgconductor.tasks (key, keep_failed) values ('long', '30 days');
select is((select created from pgconductor.maintain()), 30, 'or as many as the longest retention needs');
select is((pg_temp.days('failed_executions'))[32], '20250215', 'up to its last day and one more');
insert into pgconductor.tasks (key, keep_failed) values ('longer', '10 years');
select is((select created from pgconductor.maintain()), 2 * 69, 'but no more than a hundred');

-- Drops: exactly what has expired, per task.
select lives_ok($$ select test.worker(1, 'default', 'hour', 'day', 'ever', 'long', 'longer');
    update pgconductor.tasks set keep_completed = '1 hour' where key = 'hour'; update pgconductor.tasks set keep_completed = '1 day' where key = 'day';
    update pgconductor.tasks set keep_completed = null where key = 'ever'; update pgconductor.tasks set keep_completed = '30 days' where key = 'long'; update pgconductor.tasks set keep_completed = '10 years' where key = 'longer';
    select pgconductor.invoke(k, to_jsonb(repeat('x', 9000)), 'default', p_id => test.id(n::integer)) from unnest('{hour,day,ever,long,longer}'::text[]) with ordinality u (k, n);
    select test.claim(1, 'default', 10); select pgconductor.return_executions(test.id(1), array_agg(id)) from pgconductor.leases $$, 'five tasks that keep for an hour, a day, ever, thirty days, ten years');
select is((select array_agg(c.tableoid::regclass::text order by id) from pgconductor.completed_executions c),
    '{pgconductor.completed_executions_20250115,pgconductor.completed_executions_20250116,pgconductor.completed_executions_forever,pgconductor.completed_executions_20250214,pgconductor.completed_executions_default}',
    'each is in the partition of the day it may go');
create function pg_temp.left_at(at text) returns text language plpgsql as $$
begin
    perform test.clock(at);
    perform pgconductor.maintain();
    return (select string_agg(task_key, ' ' order by id) || ', ' || (select count(*) from pgconductor.payloads) from pgconductor.completed_executions);
end
$$;
select is(pg_temp.left_at('2025-01-15 10:59:59+00'), 'hour day ever long longer, 5', 'nothing goes early');
select is(pg_temp.left_at('2025-01-15 23:59:59+00'), 'hour day ever long longer, 5', 'a day goes when it is over');
select is(pg_temp.left_at('2025-01-16 00:00:00+00'), 'day ever long longer, 4', 'the hour''s, with its large payload');
select is(pg_temp.left_at('2025-01-16 23:59:59+00'), 'day ever long longer, 4', 'the day''s not before it is over');
select is(pg_temp.left_at('2025-01-17 00:00:00+00'), 'ever long longer, 3', 'the day''s');
select is(pg_temp.left_at('2025-02-14 23:59:59+00'), 'ever long longer, 3', 'thirty days');
select is(pg_temp.left_at('2025-02-15 00:00:00+00'), 'ever longer, 2', 'and over');
select is((pg_temp.days('completed_executions'))[1], '20250215', 'no partition of the past is left');
select is(pg_temp.left_at('2035-01-12 00:00:00+00'), 'ever longer, 2', 'nearly ten years');
select is((select c.tableoid::regclass::text from pgconductor.completed_executions c where task_key = 'longer'), 'pgconductor.completed_executions_20350115', 'its day has come near: it has moved to its partition');
select is(pg_temp.left_at('2035-01-16 00:00:00+00'), 'ever, 1', 'ten years');
select is(pg_temp.left_at('2999-01-01 00:00:00+00'), 'ever, 1', 'for ever is for ever');

-- A call that comes late: what expired in the default partition is deleted there, so many at a time.
delete from pgconductor.tasks;
insert into pgconductor.failed_executions (id, expires_at, created_at, finished_at, priority, attempts, queue, task_key, reason, large_payload_bytes)
select test.id(1000 + n), '2999-12-01 00:00+00', now(), now(), 0, 1, 'default', 't', 'r', 10 from generate_series(1, 25) n;
insert into pgconductor.payloads select id, '1' from pgconductor.failed_executions;
select test.clock('3000-01-01 00:00:00+00');
select is((select deleted from pgconductor.maintain(p_limit => 10)), 10::bigint, 'ten');
select is((select count(*) from pgconductor.payloads where execution_id > test.id(1000)), 15::bigint, 'with their payloads');
select is((select deleted from pgconductor.maintain(p_limit => 10)), 10::bigint, 'ten more');
select is((select deleted from pgconductor.maintain(p_limit => 10)), 5::bigint, 'the last five');
select is((select deleted from pgconductor.maintain(p_limit => 10)), 0::bigint, 'none');

-- Outcomes while no partition is there: nothing is lost.
select test.clock('4000-01-01 00:00:00+00');
select lives_ok($$ select test.worker(1, 'default', 'hour'); select pgconductor.invoke('hour', p_id => test.id(1)); select test.claim(1, 'default', 1); select test.finish(1, test.id(1), 'completed') $$, 'maintenance never came');
select is((select c.tableoid::regclass::text from pgconductor.completed_executions c where id = test.id(1)), 'pgconductor.completed_executions_default', 'it is in the default partition');
select is((select created > 0 and skipped = 0 from pgconductor.maintain()), true, 'until its day is made');
select is((select c.tableoid::regclass::text from pgconductor.completed_executions c where id = test.id(1)), 'pgconductor.completed_executions_40000102', 'then in its day');
select * from finish();
rollback;
