begin;
select plan(31);

-- start, end, zone, now (UTC), open?
create temp table cases (s time, e time, zone text, at timestamptz, open boolean, what text);
insert into cases values
    (null, null, 'UTC', '2025-01-15 03:00+00', true, 'no window is always open'),
    ('09:00', '17:00', 'UTC', '2025-01-15 08:59:59.999999+00', false, 'just before the start'),
    ('09:00', '17:00', 'UTC', '2025-01-15 09:00+00', true, 'the start is inside'),
    ('09:00', '17:00', 'UTC', '2025-01-15 12:00+00', true, 'in the middle'),
    ('09:00', '17:00', 'UTC', '2025-01-15 16:59:59.999999+00', true, 'just before the end'),
    ('09:00', '17:00', 'UTC', '2025-01-15 17:00+00', false, 'the end is outside'),
    ('09:00', '17:00', 'UTC', '2025-01-15 23:00+00', false, 'late'),
    ('22:00', '06:00', 'UTC', '2025-01-15 21:59+00', false, 'overnight: before the start'),
    ('22:00', '06:00', 'UTC', '2025-01-15 22:00+00', true, 'overnight: the start'),
    ('22:00', '06:00', 'UTC', '2025-01-15 23:59:59+00', true, 'overnight: before midnight'),
    ('22:00', '06:00', 'UTC', '2025-01-16 00:00+00', true, 'overnight: midnight'),
    ('22:00', '06:00', 'UTC', '2025-01-16 05:59+00', true, 'overnight: in the morning'),
    ('22:00', '06:00', 'UTC', '2025-01-16 06:00+00', false, 'overnight: the end'),
    ('22:00', '06:00', 'UTC', '2025-01-16 12:00+00', false, 'overnight: at noon'),
    ('00:00', '24:00', 'UTC', '2025-01-15 00:00+00', true, 'the whole day: midnight'),
    ('00:00', '24:00', 'UTC', '2025-01-15 23:59:59.999999+00', true, 'the whole day: its last microsecond'),
    ('23:00', '00:00', 'UTC', '2025-01-15 23:30+00', true, 'until midnight: before it'),
    ('23:00', '00:00', 'UTC', '2025-01-16 00:00+00', false, 'until midnight: midnight'),
    ('09:00', '17:00', 'Europe/Berlin', '2025-01-15 08:00+00', true, 'Berlin in winter: 9:00 is 8:00 UTC'),
    ('09:00', '17:00', 'Europe/Berlin', '2025-01-15 07:59+00', false, 'Berlin in winter: a minute before'),
    ('09:00', '17:00', 'Europe/Berlin', '2025-07-15 07:00+00', true, 'Berlin in summer: 9:00 is 7:00 UTC'),
    ('09:00', '17:00', 'Europe/Berlin', '2025-07-15 15:00+00', false, 'Berlin in summer: 17:00 is 15:00 UTC'),
    ('09:00', '17:00', 'America/New_York', '2025-01-15 13:59+00', false, 'New York: 8:59'),
    ('09:00', '17:00', 'America/New_York', '2025-01-15 14:00+00', true, 'New York: 9:00'),
    ('22:00', '06:00', 'Asia/Tokyo', '2025-01-15 13:00+00', true, 'overnight in Tokyo: 22:00 is 13:00 UTC'),
    ('22:00', '06:00', 'Asia/Tokyo', '2025-01-15 21:00+00', false, 'overnight in Tokyo: 6:00 is 21:00 UTC'),
    ('02:15', '02:45', 'Europe/Berlin', '2025-03-30 01:20+00', false, 'the hour that summer time skips never comes'),
    ('02:15', '02:45', 'Europe/Berlin', '2025-10-26 00:20+00', true, 'the hour that comes twice: the first time'),
    ('02:15', '02:45', 'Europe/Berlin', '2025-10-26 01:20+00', true, 'and the second');

-- Whatever the session's own zone is.
set local timezone = 'Pacific/Auckland';
select is(pgconductor._window_open(pgconductor._week_of('t', null, s, e), zone, at), open, what) from cases;
select is((select count(*) from cases where pgconductor._window_open(pgconductor._week_of('t', null, s, e), zone, at) <> open), 0::bigint, 'in Auckland');
set local timezone = 'UTC';
select is((select count(*) from cases where pgconductor._window_open(pgconductor._week_of('t', null, s, e), zone, at) <> open), 0::bigint, 'in UTC');

select * from finish();
rollback;
