begin;
select plan(26);

-- windows, zone, from, when they open or close next
create temp table cases (windows text[], zone text, at timestamptz, change timestamptz, what text);
insert into cases values
    (null, 'UTC', '2025-01-15 03:00+00', null, 'no window never changes'),
    ('{00:00-24:00}', 'UTC', '2025-01-15 03:00+00', null, 'nor does one that is always open'),
    ('{00:00-12:00,12:00-24:00}', 'UTC', '2025-01-15 03:00+00', null, 'nor two that are, together'),
    ('{09:00-17:00}', 'UTC', '2025-01-15 03:00+00', '2025-01-15 09:00+00', 'opens this morning'),
    ('{09:00-17:00}', 'UTC', '2025-01-15 09:00+00', '2025-01-15 17:00+00', 'open at its start, closes in the afternoon'),
    ('{09:00-17:00}', 'UTC', '2025-01-15 17:00+00', '2025-01-16 09:00+00', 'closed at its end, opens tomorrow'),
    ('{22:00-06:00}', 'UTC', '2025-01-15 23:00+00', '2025-01-16 06:00+00', 'overnight: closes in the morning'),
    ('{22:00-06:00}', 'UTC', '2025-01-15 06:00+00', '2025-01-15 22:00+00', 'overnight: opens in the evening'),
    ('{sun 22:00-06:00}', 'UTC', '2025-01-19 23:00+00', '2025-01-20 06:00+00', 'over the end of the week: closes on Monday'),
    ('{sun 22:00-06:00}', 'UTC', '2025-01-20 06:00+00', '2025-01-26 22:00+00', 'and opens on Sunday'),
    ('{mon-fri 09:00-17:00}', 'UTC', '2025-01-17 18:00+00', '2025-01-20 09:00+00', 'over the weekend'),
    ('{mon-fri 09:00-12:00,"mon-fri 13:00-17:00"}', 'UTC', '2025-01-17 10:00+00', '2025-01-17 12:00+00', 'several: the first closes'),
    ('{mon-fri 09:00-12:00,"mon-fri 13:00-17:00"}', 'UTC', '2025-01-17 12:30+00', '2025-01-17 13:00+00', 'and the second opens'),
    ('{09:00-13:00,12:00-17:00}', 'UTC', '2025-01-17 10:00+00', '2025-01-17 17:00+00', 'two that overlap close once'),
    ('{09:00-17:00}', 'Europe/Berlin', '2025-03-29 17:00+00', '2025-03-30 07:00+00', 'Berlin: an hour less over the change to summer time'),
    ('{09:00-17:00}', 'Europe/Berlin', '2025-10-25 17:00+00', '2025-10-26 08:00+00', 'and one more over the change back'),
    ('{02:15-02:45}', 'Europe/Berlin', '2025-03-29 12:00+00', '2025-03-31 00:15+00', 'a window in the skipped hour does not open that day'),
    ('{02:15-04:00}', 'Europe/Berlin', '2025-03-29 12:00+00', '2025-03-30 01:00+00', 'one that begins in it opens with the skip'),
    ('{01:00-02:30}', 'Europe/Berlin', '2025-03-30 00:15+00', '2025-03-30 01:00+00', 'one that ends in it closes with the skip'),
    ('{02:15-02:45}', 'Europe/Berlin', '2025-10-26 00:00+00', '2025-10-26 00:15+00', 'in the hour that comes twice it opens'),
    ('{02:15-02:45}', 'Europe/Berlin', '2025-10-26 00:45+00', '2025-10-26 01:15+00', 'and opens again'),
    ('{02:15-02:45}', 'Europe/Berlin', '2025-10-26 01:20+00', '2025-10-26 01:45+00', 'and closes for that day'),
    ('{01:00-02:30}', 'Europe/Berlin', '2025-10-26 00:40+00', '2025-10-26 01:00+00', 'one that has closed opens when the clock goes back'),
    ('{mon 00:00-24:00}', 'Pacific/Apia', '2011-12-29 12:00+00', '2012-01-01 10:00+00', 'over the day that Samoa left out');

set local timezone = 'Pacific/Auckland';
select is(pgconductor._window_change(pgconductor._week_of('t', windows, null, null), zone, at), change, what) from cases;
select is((select count(*) from cases where change is not null
    and pgconductor._window_open(pgconductor._week_of('t', windows, null, null), zone, at)
        = pgconductor._window_open(pgconductor._week_of('t', windows, null, null), zone, change)), 0::bigint, 'after a change it is the other way round');

-- Minute by minute for two weeks around a change: what was said an instant before is what happens.
select is((
    select count(*)
    from (
        select pgconductor._window_open(w, 'Europe/Berlin', at) as open, lag(pgconductor._window_open(w, 'Europe/Berlin', at)) over (order by at) as before,
            pgconductor._window_change(w, 'Europe/Berlin', at - interval '1 minute') as said, at
        from (select pgconductor._week_of('t', '{"mon-fri 22:00-02:30","sun 02:10-02:50"}', null, null) as w) x,
            generate_series(timestamptz '2025-10-20 00:00+00', '2025-11-02 00:00+00', '1 minute') at
    ) s
    where before is not null and (open <> before) <> (said = at)), 0::bigint, 'two weeks of minutes agree');

select * from finish();
rollback;
