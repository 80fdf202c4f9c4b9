begin;
select plan(4);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.tasks (key, limit_path, max_running, max_running_per_key, key_rate_count, key_rate_seconds, key_rate_burst) values ('t', '{k}', 10, 3, 6, 60, 6);
insert into pgconductor.tasks (key, rate_count, rate_seconds, rate_burst) values ('r', 10, 60, 5);
create function pg_temp.take(task text, variadic keys text[]) returns void language sql as $$
    select pgconductor._count_taken(t, keys, pgconductor.current_time()) from pgconductor.tasks t where t.key = task
$$;
select pg_temp.take('t', '=a', '=a', '=b');
select results_eq('select key, running, tokens from pgconductor.limits order by 1', $$ values ('' collate "C", 3, null::double precision), ('=a', 2, 4), ('=b', 1, 5) $$, 'the task and each of its keys');
select test.pass('5 seconds');
select pg_temp.take('t', '=a');
select results_eq('select key, running, tokens from pgconductor.limits order by 1', $$ values ('' collate "C", 4, null::double precision), ('=a', 3, 3.5), ('=b', 1, 5) $$, 'half a token came in five seconds, one went');
select pg_temp.take('r', '', '');
select results_eq($$ select key, running, tokens from pgconductor.limits where task_key = 'r' $$, $$ values ('' collate "C", 0, 3::double precision) $$, 'only a rate: nothing counted as running');
insert into pgconductor.tasks (key) values ('plain');
select pg_temp.take('plain', '', '');
select is((select count(*) from pgconductor.limits where task_key = 'plain'), 0::bigint, 'no limit: no row');
select * from finish();
rollback;
