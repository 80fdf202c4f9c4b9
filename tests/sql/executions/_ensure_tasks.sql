begin;
select plan(6);
select lives_ok($$ select pgconductor.create_queue('q'); insert into pgconductor.tasks (key, queue, lane, max_attempts) values ('known', 'q', '', 3) $$, 'a task');
select lives_ok($$ select pgconductor._ensure_tasks('{new,known,new,other}', '{null,null,q,q}') $$, 'a batch');
select results_eq('select key, queue, lane, max_attempts from pgconductor.tasks order by key', $$ values
    ('known'::text collate "C", 'q'::text collate "C", ''::text collate "C", 3), ('new', 'default', 'new', 5), ('other', 'q', 'other', 5) $$, 'the known one stays, the new ones have a row each');
select throws_ok($$ select pgconductor._ensure_tasks('{known,known}', '{null,nowhere}') $$, 'PC002', null, 'an unknown queue: PC002');
select throws_ok($$ select pgconductor._ensure_tasks(array['known', null], null) $$, 'PC004', null, 'no task: PC004');
select lives_ok($$ select pgconductor._ensure_tasks('{}', null) $$, 'none');
select * from finish();
rollback;
