begin;
select plan(8);

set local pgconductor.fake_now = '2025-01-15 10:00:00.123+00';
create temp table ids as select pgconductor.uuid_v7() as id from generate_series(1, 2000);

select is(count(distinct id), 2000::bigint, 'ids are distinct') from ids;
select is(array_agg(distinct substr(id::text, 15, 1)), '{7}', 'version 7') from ids;
select is((select array_agg(distinct substr(id::text, 20, 1) order by substr(id::text, 20, 1)) from ids), '{8,9,a,b}', 'RFC variant');
select is((select array_agg(distinct ('x' || replace(left(id::text, 13), '-', ''))::bit(48)::bigint) from ids),
    array[(extract(epoch from timestamptz '2025-01-15 10:00:00.123+00') * 1000)::bigint], 'the first 48 bits are the milliseconds of the clock');
select cmp_ok(count(distinct substr(id::text, 16, 3)), '>', 500::bigint, 'the bits beside the version are random') from ids;
select cmp_ok(count(distinct right(id::text, 12)), '=', 2000::bigint, 'and so are the last') from ids;

set local pgconductor.fake_now = '2025-01-15 10:00:00.124+00';
select cmp_ok(pgconductor.uuid_v7(), '>', (select id from ids order by id desc limit 1), 'a later millisecond sorts later');
insert into pgconductor.executions (task_key) values ('t');
select matches((select id::text from pgconductor.executions), '^01946967-d57c-7', 'it is the default id of an execution');

select * from finish();
rollback;
