begin;
select plan(3);
insert into pgconductor.event_failures (failed_at, event_key, sqlstate, message) overriding system value select '2025-01-15 10:00+00', 'k', '22023', n::text from generate_series(1, 5) n;
select results_eq('select message from pgconductor.list_event_failures(2)', $$ values ('5'::text), ('4') $$, 'the newest first');
select results_eq('select message from pgconductor.list_event_failures(2, (select id from pgconductor.event_failures where message = ''4''))', $$ values ('3'::text), ('2') $$, 'the next page');
select is((select count(*) from pgconductor.list_event_failures(0)), 1::bigint, 'one at least');
select * from finish();
rollback;
