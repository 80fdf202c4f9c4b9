begin;
select plan(4);
select results_eq($$ select task_key, key, kind, edge, closes_at, recent from pgconductor._take_pace('t', 'k', 'throttle', 'leading', '2025-01-15 10:00+00') $$,
    $$ values ('t'::text collate "C", 'k'::text collate "C", 'throttle'::text collate "C", 'leading'::text collate "C", timestamptz '-infinity', '{}'::uuid[]) $$, 'a new one: no window yet');
update pgconductor.paces set closes_at = '2025-01-15 11:00+00', execution_id = test.id(1);
select results_eq($$ select closes_at, execution_id from pgconductor._take_pace('t', 'k', 'throttle', 'leading', '2025-01-15 10:30+00') $$,
    $$ values (timestamptz '2025-01-15 11:00+00', test.id(1)) $$, 'one that is there: as it is');
select is((select closes_at from pgconductor._take_pace('t', 'k', 'throttle', 'trailing', '2025-01-15 10:30+00')), '-infinity', 'each way of pacing has its own');
select is((select closes_at from pgconductor._take_pace('u', 'k', 'throttle', 'leading', '2025-01-15 10:30+00')), '-infinity', 'and each task');
select * from finish();
rollback;
