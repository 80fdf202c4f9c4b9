begin;
select plan(12);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create function pg_temp.start(more jsonb, document jsonb) returns text language plpgsql as $$
begin
    truncate pgconductor.executions, pgconductor.event_failures;
    perform pgconductor._start_subscriber(jsonb_populate_record(null::pgconductor.subscriptions, '{"service": "s", "task_key": "t", "name": "n"}' || more), document, test.id(1), '00-x', false);
    return coalesce((select e.payload::text from pgconductor.executions e), (select 'failed: ' || f.message from pgconductor.event_failures f), 'nothing');
end $$;
select is(pg_temp.start('{"event_key": "k"}', '{"a": 1}'), '{"a": 1}', 'the whole payload');
select is((select task_key || ' ' || trace_parent || ' ' || queue from pgconductor.executions), 't 00-x default', 'starts the task');
select is(pg_temp.start('{"event_key": "k", "fields": ["a", "c"]}', '{"a": 1, "b": 2}'), '{"a": 1}', 'fields that are there');
select is(pg_temp.start('{"event_key": "k", "fields": ["a"]}', '7'), 'failed: the payload is no object, so it has no field "a"', 'no object has no fields: written down');
select is(pg_temp.start('{"event_key": "k", "filter": {"contains": {"a": 2}}}', '{"a": 1}'), 'nothing', 'a filter that does not pass');
select is(pg_temp.start('{"event_key": "k", "filter": {"path": "broken ("}}', '{"a": 1}') like 'failed: syntax error%', true, 'one that fails: written down');
select is(pg_temp.start('{"table_schema": "x", "table_name": "y", "operation": "update", "columns": ["a"]}', '{"operation": "update", "new": {"a": 1, "b": 2}, "old": {"a": 1, "b": 1}}'), 'nothing', 'an update of another column');
select is(pg_temp.start('{"table_schema": "x", "table_name": "y", "operation": "update", "columns": ["a"]}', '{"operation": "update", "new": {"a": 2, "b": 2}, "old": {"a": 1, "b": 1}}')::jsonb,
    '{"operation": "update", "new": {"a": 2}, "old": {"a": 1}}', 'of its own: with these columns');
select is(pg_temp.start('{"table_schema": "x", "table_name": "y", "operation": "insert", "columns": ["a"], "filter": {"path": "$.new.b == 2"}}', '{"operation": "insert", "new": {"a": 1, "b": 2}}')::jsonb,
    '{"operation": "insert", "new": {"a": 1}}', 'a filter sees all columns, the task those that are chosen');
select is(pg_temp.start('{"table_schema": "x", "table_name": "y", "operation": "insert", "columns": ["gone"]}', '{"operation": "insert", "new": {"a": 2}}'), 'failed: table x.y has no column "gone" any more', 'a column that was dropped: written down');
select is(pg_temp.start('{"event_key": "k", "task_key": "?"}', '1') like 'failed: "?" cannot be a task key%', true, 'a task that cannot be started: written down');
select is((select service || task_key || name || event_key || event_id || sqlstate from pgconductor.event_failures), 's?nk' || test.id(1) || 'PC004', 'with whose it was');
select * from finish();
rollback;
