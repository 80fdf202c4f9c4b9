begin;
select plan(3);
insert into pgconductor.event_failures (failed_at, event_key, table_schema, table_name, operation, task_key, sqlstate, message) values
    ('2025-01-15 10:00+00', 'k', null, null, null, null, '22023', 'one'), ('2025-01-15 10:00+00', null, 'shop', 'orders', 'insert', 't', '22023', 'two');
select results_eq('select source, task_key, message from pgconductor.report_event_failures(1)', $$ values ('k'::text, null::text, 'one'::text) $$, 'the oldest');
select results_eq('select source, task_key, message from pgconductor.report_event_failures()', $$ values ('shop.orders insert'::text, 't'::text, 'two'::text) $$, 'then the next');
select is_empty('select 1 from pgconductor.report_event_failures()', 'each once');
select * from finish();
rollback;
