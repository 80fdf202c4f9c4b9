begin;
select plan(18);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.open(size integer, variadic names text[]) returns table (place text, room integer, wide boolean, next_open timestamptz) language sql as $$
    select p.task || coalesce('/' || p.key, ''), p.room, p.wide, o.next_open
    from pgconductor._open_limits('default', names, size, pgconductor.current_time()) o
    left join lateral unnest(o.tasks, o.keys, o.rooms, o.wide) p (task, key, room, wide) on true
$$;
insert into pgconductor.tasks (key, max_running) values ('m', 3);
insert into pgconductor.tasks (key, rate_count, rate_seconds, rate_burst) values ('r', 1, 10, 1);
insert into pgconductor.tasks (key, limit_path, max_running_per_key) values ('k', '{k}', 1);
insert into pgconductor.tasks (key, limit_path, fair) values ('f', '{k}', true);

select is_empty('select place from pg_temp.open(10, ''m'', ''k'', ''f'', ''r'') where place is not null', 'nothing is there: nothing to look at');
insert into pgconductor.executions (task_key, lane) select k, pgconductor._own_lane(k, true) from unnest('{m,k,f,r}'::text[]) k;
select results_eq('select place, room, wide from pg_temp.open(10, ''m'', ''k'', ''f'', ''r'') order by 1', $$ values ('f', null, true), ('k', null, false), ('m', 3, false), ('r', 1, false) $$, 'nothing counted: all are open');
select is((select distinct next_open from pg_temp.open(10, 'm', 'k', 'f', 'r')), null, 'and nothing will open');
insert into pgconductor.limits values ('m', '', 3, null, null), ('r', '', 0, 0, pgconductor.current_time());
select results_eq('select place from pg_temp.open(10, ''m'', ''r'')', $$ values (null::text) $$, 'no slot, no token: closed');
select is((select next_open from pg_temp.open(10, 'm', 'r')), timestamptz '2025-01-15 10:00:10.000001+00', 'until the token');
select is((select next_open from pg_temp.open(10, 'm')), null, 'a slot comes back at no time that can be told');
insert into pgconductor.freed_slots values ('m', '', 1), ('x', '', 1);
select results_eq('select place, room from pg_temp.open(10, ''m'')', $$ values ('m', 1) $$, 'slots given back count at once');
select is((select array_agg(task_key) from pgconductor.freed_slots), '{x}', 'once, and only those asked for');

-- Keys.
insert into pgconductor.held_lanes
select 'k', '=' || n, 'default', 'lane' || n, 0, case when n <= 3 then pgconductor.current_time() - n * interval '1 second' when n = 4 then pgconductor.current_time() + interval '5 seconds' else 'infinity' end
from generate_series(1, 2000) n;
insert into pgconductor.held_lanes values ('k', '=q', 'other', 'lane', 0, '2025-01-15 09:00+00');
select is((select array_agg(place) from pg_temp.open(10, 'k')), '{k,k/=3,k/=2,k/=1}', 'the task''s own, and the open ones: who waited longest first');
select is((select distinct next_open from pg_temp.open(10, 'k')), timestamptz '2025-01-15 10:00:05+00', 'when the next opens');
select is((select array_agg(place) from pg_temp.open(2, 'k')), '{k,k/=3,k/=2}', 'no more than asked for');
select is((select array_agg(place order by place) from pg_temp.open(2, 'k', 'f', 'm')), '{f,k,k/=2,k/=3,m}', 'of all tasks together');
select is((select array_agg(room order by place) from pg_temp.open(10, 'k') where place like '%/%'), '{1,1,1}', 'what each has left');
insert into pgconductor.limits values ('k', '=3', 1, null, null);
select is((select room from pg_temp.open(10, 'k') where place = 'k/=3'), 0, 'one that has nothing is still looked at: it is to lose its turn');

-- Under other limits everything is looked at anew.
update pgconductor.tasks set max_running_per_key = 2 where key = 'k';
select is((select count(*) from pg_temp.open(10, 'k') where place like '%/%'), 10::bigint, 'lanes held under former limits, whatever they wait for');
update pgconductor.held_lanes set revision = 1 where key not in ('=1999', '=2000');
select is((select array_agg(place order by place) from pg_temp.open(10, 'k') where place like '%/%' and place not in ('k/=1', 'k/=2', 'k/=3')), '{k/=1999,k/=2000}', 'until they have been');
update pgconductor.tasks set max_running = 0 + 1 where key = 'k';
insert into pgconductor.limits values ('k', '', 1, null, null);
select is((select array_agg(place) from pg_temp.open(10, 'k')), array[null::text], 'the task has nothing left: its keys are not even asked');
select is((select next_open from pg_temp.open(10, 'k')), null, 'nor when one opens');
select * from finish();
rollback;
