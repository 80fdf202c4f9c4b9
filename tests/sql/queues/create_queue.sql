begin;
select plan(34);

select ok(pgconductor.create_queue('q1'), 'true: created');
select ok(not pgconductor.create_queue('q1'), 'false: it was there');
select is((select partition_name from pgconductor.queues where name = 'q1'), null, 'an ordinary queue needs no DDL');

-- Names.
create function pg_temp.refused(queue text) returns text language plpgsql as $$
begin
    perform pgconductor.create_queue(queue);
    return 'accepted';
exception when others then
    return sqlstate;
end
$$;
select is(pg_temp.refused(null), 'PC004', 'null is no name');
select is(pg_temp.refused(''), 'PC004', 'nor is nothing');
select is(pg_temp.refused(repeat('x', 200)), 'accepted', '200 bytes are a name');
select is(pg_temp.refused(repeat('x', 201)), 'PC004', '201 are not');
select is(pg_temp.refused(repeat('ü', 100)), 'accepted', '100 letters of two bytes are a name');
select is(pg_temp.refused(repeat('ü', 101)), 'PC004', '101 of them are not');
select is(pg_temp.refused(E'a\nb'), 'PC004', 'control characters are refused');
select is(pg_temp.refused(E'a\x7fb'), 'PC004', 'delete too');
select is(pg_temp.refused(name), 'accepted', format('%s is a name', name)) from (values
    ('it''s'), ('"quoted"'), ('a.b'), ('a-b'), ('a_b'), ('A-B'), ('two words'), (' '), ('%I %L'), ('очередь'), ('キュー'), ('🚚'), ('$$'), ('\'), ('null')) v (name);

-- Partitions: names that would collide after any folding get different ones, and rows go to their own.
select ok(bool_and(pgconductor.create_queue('p:' || name, true)), 'the same sorts of names with partitions') from (values
    ('it''s'), ('"quoted"'), ('a.b'), ('a-b'), ('a_b'), ('A-B'), (repeat('x', 198)), (repeat('x', 197) || 'y'), ('%I %L'), ('🚚')) v (name);
select is(count(distinct partition_name), 10::bigint, 'every one has its own') from pgconductor.queues where name like 'p:%';
insert into pgconductor.tasks (key) values ('t');
insert into pgconductor.executions (task_key, queue) select 't', name from pgconductor.queues where name like 'p:%';
select results_eq(
    $$ select e.queue from pgconductor.executions e join pgconductor.queues q on q.name = e.queue
       where e.tableoid::regclass::text = 'pgconductor.' || q.partition_name order by e.queue $$,
    $$ select name from pgconductor.queues where name like 'p:%' order by name $$, 'and their rows are in it');

select ok(not pgconductor.create_queue('p:a-b', true), 'false: it was there with its partition');
select is(pg_temp.refused('p:a-b'), 'accepted', 'asking for it without a partition is content');
select throws_ok($$ select pgconductor.create_queue('q1', true) $$, 'PC006', null, 'a queue without a partition does not get one later');

alter table pgconductor.executions disable trigger executions_adopt_inserted;
insert into pgconductor.executions (task_key, queue, lane) values ('t', 'around', '');
select throws_ok($$ select pgconductor.create_queue('around', true) $$, 'PC006', null,
    'rows of the queue in the default partition (inserted around the functions): refused, and said');

select is((select count(*) from pg_constraint where conrelid = 'pgconductor.executions_default'::regclass and conname like 'executions_q_%'),
    0::bigint, 'the default partition keeps no constraint of all that');

select * from finish();
rollback;
