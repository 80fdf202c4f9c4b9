begin;
select plan(7);

select is(pgconductor._week_position('2025-01-13 00:00+00', 'UTC'), 0::bigint, 'Monday, midnight');
select is(pgconductor._week_position('2025-01-19 23:59:59.999999+00', 'UTC'), 604800000000 - 1, 'the last microsecond of Sunday');
select is(pgconductor._week_position('2025-01-15 10:30:00.000007+00', 'UTC'), (2 * 86400 + 10 * 3600 + 1800) * 1000000::bigint + 7, 'Wednesday, to the microsecond');
select is(pgconductor._week_position('2025-01-12 23:00+00', 'Europe/Berlin'), 0::bigint, 'Monday begins earlier in Berlin');
select is(pgconductor._week_position('1999-12-27 00:00+00', 'UTC'), 0::bigint, 'a Monday before 2001');
select is(pgconductor._week_position('1969-12-31 00:00+00', 'UTC'), 2 * 86400 * 1000000::bigint, 'a Wednesday before 1970');
set local timezone = 'Pacific/Auckland';
select is(pgconductor._week_position('2025-01-13 00:00+00', 'UTC'), 0::bigint, 'whatever the session''s own zone is');

select * from finish();
rollback;
