begin;
select plan(10);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.turn(queue text, keys text[], idle boolean[]) returns void language sql as $$
    select pgconductor._turn_lanes(queue, array_fill('t'::text, array[cardinality(keys)]), keys, array(select (select h.ctid from pgconductor.held_lanes h where h.key = u.key) from unnest(keys) with ordinality u (key, n) order by u.n), idle, pgconductor.current_time())
$$;
insert into pgconductor.tasks (key, limit_path, max_running_per_key) values ('t', '{k}', 1);
insert into pgconductor.held_lanes select 't', '=' || k, 'default', pgconductor._held_lane('t', '=' || k), 0, '2025-01-15 09:00+00' from unnest('{a,b,c,d}'::text[]) k;
insert into pgconductor.executions (id, task_key, lane, run_at, payload) select test.id(n::integer), 't', pgconductor._held_lane('t', '=' || k), case k when 'c' then timestamptz '2025-01-15 11:00+00' else '2025-01-15 09:00+00' end, '{}' from unnest('{a,b,c}'::text[]) with ordinality u (k, n);
insert into pgconductor.limits values ('t', '=a', 1, null, null);
select lives_ok($$ select pg_temp.turn('default', '{=a,=b,=c,=d,=b}', '{false,false,true,false,true}') $$, 'all were looked at, one of them twice');
select results_eq('select key, opens_at from pgconductor.held_lanes order by key', $$ values
    ('=a' collate "C", timestamptz 'infinity'), ('=b', '2025-01-15 10:00+00'), ('=c', '2025-01-15 10:00:01+00') $$,
    'one that is full waits for a slot, one that has more for its turn, one with nothing due for a second, and an empty one is gone');
update pgconductor.executions set run_at = pgconductor.current_time() where id = test.id(3);
select pg_temp.turn('default', '{=c}', '{true}');
select is((select opens_at from pgconductor.held_lanes where key = '=c'), pgconductor.current_time(), 'something was moved there after the claim had looked');
update pgconductor.tasks set max_running_per_key = 2;
select pg_temp.turn('default', '{=a}', '{false}');
select results_eq($$ select opens_at, revision from pgconductor.held_lanes where key = '=a' $$, $$ values (pgconductor.current_time(), 1) $$, 'by the limits of now');
delete from pgconductor.executions where id = test.id(1);
update pgconductor.held_lanes set opens_at = '2025-01-15 08:00+00' where key = '=b';
select lives_ok($$ select pgconductor._turn_lanes('default', '{t}', '{=a}', (select array_agg(ctid) from pgconductor.held_lanes where key = '=b'), '{false}', now()) $$, 'where somebody else''s row is by now');
select is((select opens_at from pgconductor.held_lanes where key = '=b'), timestamptz '2025-01-15 08:00+00', 'it is not touched');
select pg_temp.turn('default', '{=a}', '{true}');
select is((select count(*) from pgconductor.held_lanes), 2::bigint, 'empty: gone');
select lives_ok($$ select pg_temp.turn('default', '{=gone}', '{true}') $$, 'one that is gone already');

-- Rates.
update pgconductor.tasks set key_rate_count = 1, key_rate_seconds = 60, key_rate_burst = 1;
insert into pgconductor.limits values ('t', '=b', 0, 0, pgconductor.current_time());
select pg_temp.turn('default', '{=b}', '{false}');
select is((select opens_at from pgconductor.held_lanes where key = '=b'), timestamptz '2025-01-15 10:01:00.000001+00', 'when the next token comes');
select pg_temp.turn('default', '{=b}', '{true}');
select is((select opens_at from pgconductor.held_lanes where key = '=b'), timestamptz '2025-01-15 10:01:00.000001+00', 'not sooner though nothing was due');
select * from finish();
rollback;
