begin;
select plan(3);
select is(pgconductor._forget_pace_at('2025-01-15 10:00:00+00'), '2025-01-15 10:20:00+00', 'twenty minutes later');
select is(pgconductor._forget_pace_at('2025-01-15 10:09:59+00'), '2025-01-15 10:20:00+00', 'or at least ten: in steps, so that the index stays as it is');
select is(pgconductor._forget_pace_at('2025-01-15 10:10:00+00'), '2025-01-15 10:30:00+00', 'the next step');
select * from finish();
rollback;
