begin;
select plan(5);
insert into pgconductor.leases (id, orchestrator_id, claimed_at, size, plain, queue, ids, task_keys, priorities, attempts, run_ats, created_ats, payloads, extras, done, limited) values
    (1, test.id(1), now(), 4, false, 'default', array[test.id(1), test.id(2), test.id(3), test.id(4)], '{t,t,u,t}', '{0,0,0,0}', '{1,1,1,1}', array_fill(now(), array[4]), array_fill(now(), array[4]), array_fill('{}'::jsonb, array[4]),
        array['{"limits": ["", "=a"]}', '{"limits": ["", "=a"]}', null, '{"limits": ["", "=b"]}']::jsonb[], '{4}', '{1,2,4}'),
    (2, test.id(1), now(), 1, false, 'default', array[test.id(5)], '{t}', '{0}', '{1}', array[now()], array[now()], array['{}'::jsonb], array['{"limits": ["=c"]}']::jsonb[], '{}', '{1}'),
    (3, test.id(2), now(), 1, false, 'default', array[test.id(6)], '{t}', '{0}', '{1}', array[now()], array[now()], array['{}'::jsonb], array['{"limits": ["=d"]}']::jsonb[], '{}', '{1}');
create function pg_temp.freed() returns table (task_key text, key text, slots bigint) language sql as $$ with gone as (delete from pgconductor.freed_slots returning *) select task_key, key, sum(slots) from gone group by 1, 2 order by 1, 2 $$;
select pgconductor._free_slots(test.id(1), '{}', '{1,1,1}', '{2,3,2}');
select results_eq('select * from pg_temp.freed()', $$ values ('t', '', 1::bigint), ('t', '=a', 1) $$, 'of the positions given, each once; one that holds nothing gives nothing');
select pgconductor._free_slots(test.id(1), '{}', '{1}', '{4}');
select is_empty('select * from pg_temp.freed()', 'one that has its outcome has nothing left');
select pgconductor._free_slots(test.id(1), '{2}', '{}', '{}');
select results_eq('select * from pg_temp.freed()', $$ values ('t', '=c', 1::bigint) $$, 'a whole lease');
select pgconductor._free_slots(test.id(1), '{3}', '{3}', '{1}');
select is_empty('select * from pg_temp.freed()', 'somebody else''s lease');
select pgconductor._free_slots(test.id(1), '{1,2}', '{}', '{}');
select is((select sum(slots) from pg_temp.freed()), 5::numeric, 'all of both, but what is done');
select * from finish();
rollback;
