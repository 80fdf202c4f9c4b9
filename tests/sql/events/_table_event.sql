begin;
select plan(28);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create schema shop;
create table shop."Orders" (id integer primary key, status text, note text, amount numeric);
create function pg_temp.started() returns text language sql as $$ select coalesce((select string_agg(task_key || ' ' || payload::text, '; ' order by task_key) from pgconductor.executions), 'nothing') $$;
create function pg_temp.clean() returns void language sql as $$ truncate pgconductor.executions $$;
select lives_ok($$ select test.worker(1, 'default', 'a', 'b', 'c', 'd'); select pgconductor.register_subscriptions('s', '[
    {"task_key": "a", "name": "n", "schema": "shop", "table": "Orders", "operation": "insert", "columns": ["id", "status"]},
    {"task_key": "b", "name": "n", "schema": "shop", "table": "Orders", "operation": "update", "columns": ["status"], "filter": {"contains": {"new": {"status": "paid"}}}},
    {"task_key": "c", "name": "n", "schema": "shop", "table": "Orders", "operation": "delete"},
    {"task_key": "d", "name": "n", "schema": "shop", "table": "Orders", "operation": "insert", "filter": {"path": "$.new.amount > 100"}}]') $$, 'subscriptions to a table');
select lives_ok($$ insert into shop."Orders" values (1, 'new', 'x', 5) $$, 'an insert');
select is(pg_temp.started(), 'a {"new": {"id": 1, "status": "new"}, "table": "Orders", "schema": "shop", "operation": "insert"}', 'starts the one whose filter passes, with its columns');
select lives_ok($$ select pg_temp.clean(); update shop."Orders" set note = 'y' $$, 'an update of an unrelated column');
select is(pg_temp.started(), 'nothing', 'starts nothing');
select lives_ok($$ update shop."Orders" set status = 'open' $$, 'one that the filter refuses');
select is(pg_temp.started(), 'nothing', 'neither');
select lives_ok($$ update shop."Orders" set status = 'paid' $$, 'one that passes');
select is(pg_temp.started(), 'b {"new": {"status": "paid"}, "old": {"status": "open"}, "table": "Orders", "schema": "shop", "operation": "update"}', 'does, with the row before');
select lives_ok($$ select pg_temp.clean(); update shop."Orders" set status = 'paid' $$, 'one that changes nothing');
select is(pg_temp.started(), 'nothing', 'starts nothing');
select lives_ok($$ delete from shop."Orders" $$, 'a delete');
select is(pg_temp.started(), 'c {"old": {"id": 1, "note": "y", "amount": 5, "status": "paid"}, "table": "Orders", "schema": "shop", "operation": "delete"}', 'gives the whole row');
select lives_ok($$ select pg_temp.clean(); insert into shop."Orders" select n, 'new', '', n from generate_series(99, 102) n $$, 'many rows');
select is((select array_agg(task_key || (payload #>> '{new,id}') order by task_key, payload #> '{new,id}') from pgconductor.executions), '{a99,a100,a101,a102,d101,d102}', 'each on its own');
-- A column is dropped, a filter is broken: the user's statement is not.
select lives_ok($$ select pg_temp.clean(); alter table shop."Orders" drop column status; update pgconductor.subscriptions set filter = '{"path": "broken ("}' where task_key = 'd' $$, 'the table changes, and a filter breaks');
select lives_ok($$ insert into shop."Orders" values (200, '', 500) $$, 'the insert goes on');
select is((select count(*) from shop."Orders" where id = 200), 1::bigint, 'and is stored');
select results_eq('select task_key, table_name, operation, left(message, 45) from pgconductor.event_failures order by 1',
    $$ values ('a'::text collate "C", 'Orders'::text collate "C", 'insert'::text collate "C", left('table shop."Orders" has no column "status" any more', 45)), ('d', 'Orders', 'insert', left('syntax error at or near " " of jsonpath input', 45)) $$, 'what failed is written down');
-- Partitions tell under the name that was subscribed to.
create table shop.parts (id integer) partition by list (id);
create table shop.part_1 partition of shop.parts for values in (1);
select lives_ok($$ select pg_temp.clean(); select pgconductor.register_subscriptions('p', '[{"task_key": "a", "name": "p", "schema": "shop", "table": "parts", "operation": "insert"}]'); insert into shop.part_1 values (1) $$, 'an insert into a partition');
select is(pg_temp.started(), 'a {"new": {"id": 1}, "table": "parts", "schema": "shop", "operation": "insert"}', 'is one into its table');
select lives_ok($$ select pg_temp.clean(); select pgconductor.register_subscriptions('p', '[]'); insert into shop.parts values (1); do $x$ begin assert pg_temp.started() = 'nothing'; end $x$ $$, 'nobody is subscribed any more: nothing');
-- What is not seen, what a new name means, and the end of it.
select lives_ok($$ select pgconductor.register_subscriptions('p', '[{"task_key": "a", "name": "p", "schema": "shop", "table": "parts", "operation": "insert"}, {"task_key": "c", "name": "p", "schema": "shop", "table": "parts", "operation": "delete"}]');
    create table shop.part_2 (id integer); insert into shop.part_2 values (2); alter table shop.parts attach partition shop.part_2 for values in (2); truncate shop.parts $$, 'rows that a partition is attached with, and a truncate');
select is(pg_temp.started(), 'nothing', 'are not seen');
select lives_ok($$ alter table shop.parts rename to pieces; insert into shop.pieces values (1) $$, 'a table that is renamed');
select is(pg_temp.started(), 'a {"new": {"id": 1}, "table": "parts", "schema": "shop", "operation": "insert"}', 'is known under the name that was subscribed to');
select lives_ok($$ select pg_temp.clean(); drop trigger pgconductor_insert on shop.pieces; insert into shop.pieces values (1) $$, 'its trigger is dropped');
select is(pg_temp.started(), 'nothing', 'and nothing is told any more');
select * from finish();
rollback;
