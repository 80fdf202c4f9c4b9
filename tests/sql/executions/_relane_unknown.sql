begin;
select plan(7);
insert into pgconductor.tasks (key, lane) values ('mine', ''), ('foreign', ''), ('apart', 'apart');
insert into pgconductor.executions (id, task_key, lane, run_at) values
    (test.id(1), 'mine', '', '2025-01-15 09:02+00'), (test.id(2), 'foreign', '', '2025-01-15 09:01+00'), (test.id(3), 'mine', '', '2025-01-15 09:00+00'), (test.id(4), 'apart', '', '2025-01-15 09:00+00');
create temp table rest as select pgconductor._relane_unknown('default', (select array_agg(ctid) from pgconductor.executions), '{mine}') as places;
select is((select array_agg(e.id order by u.n) from rest, unnest(places) with ordinality u (place, n) join pgconductor.executions e on e.ctid = u.place), array[test.id(3), test.id(1)], 'what is served remains, in order of time');
select is((select array_agg(lane::text order by id) from pgconductor.executions), '{"",foreign,"",apart}', 'the others are in lanes of their own');
select is((select array_agg(lane::text order by key) from pgconductor.tasks), '{apart,foreign,""}', 'and so will be what comes');
create temp table places as select id, ctid as place from pgconductor.executions;
select is(pgconductor._relane_unknown('default', (select array_agg(ctid) from pgconductor.executions), '{}'), null, 'nothing served: nothing remains');
select is((select array_agg(p.id order by p.id) from places p join pgconductor.executions e on e.ctid = p.place), array[test.id(2), test.id(4)], 'those that have moved are not moved again');
select is((select array_agg(distinct lane::text order by lane::text) from pgconductor.executions), '{apart,foreign,mine}', 'every row is where its task is');
-- One with limits.
insert into pgconductor.tasks (key, max_running) values ('limited', 1);
insert into pgconductor.executions (id, task_key, lane) values (test.id(9), 'limited', '');
select pgconductor._relane_unknown('default', (select array_agg(ctid) from pgconductor.executions where lane = ''), '{mine}');
select is((select lane from pgconductor.executions where id = test.id(9)), (select lane from pgconductor.tasks where key = 'limited'), 'the lane is the one the task has');
select * from finish();
rollback;
