begin;
select plan(6);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.tasks (key) values ('t'), ('u');
insert into pgconductor.limits values ('t', '', 5, null, null), ('t', '=a', 2, null, null), ('t', '=b', 1, null, null), ('t', '=r', 1, 3, now()), ('u', '=a', 1, null, null);
insert into pgconductor.held_lanes values ('t', '=a', 'default', 'x', 0, 'infinity'), ('t', '=b', 'q', 'y', 0, 'infinity'), ('t', '=c', 'default', 'z', 0, 'infinity'), ('t', '=r', 'default', 'r', 0, '2025-01-15 11:00+00');
insert into pgconductor.freed_slots values ('t', '=a', 1), ('t', '', 1), ('t', '', 2), ('t', '=b', 1), ('t', '=r', 5), ('u', '=a', 1);
select lives_ok($$ select pgconductor._fold_freed('t', pgconductor.current_time()) $$, 'counted');
select results_eq('select task_key, key, running from pgconductor.limits order by 1, 2', $$ values ('t' collate "C", '' collate "C", 2), ('t', '=a', 1), ('t', '=r', 0), ('u', '=a', 1) $$,
    'taken off what runs, never below none; a key that runs nothing goes, unless it has a bucket');
select results_eq('select key, opens_at from pgconductor.held_lanes order by key', $$ values ('=a' collate "C", pgconductor.current_time()), ('=b', pgconductor.current_time()), ('=c', 'infinity'), ('=r', '2025-01-15 11:00+00') $$,
    'whose slots came back is looked at now; who waits for a token goes on waiting');
select results_eq('select task_key, key from pgconductor.freed_slots', $$ values ('u' collate "C", '=a' collate "C") $$, 'what is counted is gone');
insert into pgconductor.freed_slots select 't', '', 1 from generate_series(1, 1500);
update pgconductor.limits set running = 2000 where key = '';
select lives_ok($$ select pgconductor._fold_freed('t', pgconductor.current_time()) $$, 'many');
select is((select running from pgconductor.limits where key = ''), 1000, 'a thousand a time');
select * from finish();
rollback;
