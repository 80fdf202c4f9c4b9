begin;
select plan(4);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.steps (execution_id, started_at, finished_at, deadline, child_id, ordinal, failed, kind, name, key, result) values
    (test.id(1), '2025-01-15 09:00+00', '2025-01-15 09:01+00', null, null, 2, false, 'step', 'a', null, '1'),
    (test.id(1), '2025-01-15 09:02+00', '2025-01-15 09:03+00', null, test.id(9), 3, true, 'child', 'c', null, '{}'),
    (test.id(1), '2025-01-15 09:04+00', null, '2025-01-15 10:00+00', null, 1, false, 'sleep', 's', null, null),
    (test.id(1), '2025-01-15 09:05+00', null, '2025-01-15 10:00:01+00', null, 4, false, 'event', 'e', 'shipped', null),
    (test.id(2), '2025-01-15 09:05+00', null, null, null, 1, false, 'child', 'x', null, null);
select results_eq($$ select name, kind, state, result, started_at, finished_at, ordinal, child_id, deadline, key from pgconductor.load_steps(test.id(1)) $$,
    $$ values ('s'::text, 'sleep'::text, 'expired', null::jsonb, timestamptz '2025-01-15 09:04+00', null::timestamptz, 1, null::uuid, timestamptz '2025-01-15 10:00+00', null::text),
        ('a', 'step', 'done', '1', '2025-01-15 09:00+00', '2025-01-15 09:01+00', 2, null, null, null),
        ('c', 'child', 'failed', '{}', '2025-01-15 09:02+00', '2025-01-15 09:03+00', 3, test.id(9), null, null),
        ('e', 'event', 'waiting', null, '2025-01-15 09:05+00', null, 4, null, '2025-01-15 10:00:01+00', 'shipped') $$, 'in their order, each with its state by the clock');
select is((select state from pgconductor.load_steps(test.id(2))), 'waiting', 'without a deadline: for ever');
select is_empty($$ select * from pgconductor.load_steps(test.id(3)) $$, 'none');
select test.pass('1 second');
select is((select state from pgconductor.load_steps(test.id(1)) where name = 'e'), 'expired', 'the deadline itself is too late');
select * from finish();
rollback;
