begin;
select plan(33);

create function pg_temp.hours(open int8multirange) returns text language sql as $$
    select string_agg(concat(lower(r) / 3600000000, '-', upper(r) / 3600000000), ' ' order by lower(r)) from unnest(open) r
$$;
select is(pg_temp.hours(pgconductor._week_of('t', array[w], null, null)), hours, coalesce(w, 'none'))
from (values
    ('mon 09:00-17:00', '9-17'),
    ('tue 9:00-17:00', '33-41'),
    ('SUN 22:00-24:00', '166-168'),
    ('sun 22:00-00:00', '166-168'),
    ('sun 22:00-06:00', '0-6 166-168'),
    ('mon-wed 00:00-24:00', '0-72'),
    ('sat-mon 00:00-24:00', '0-24 120-168'),
    ('mon,wed 10:00-11:00', '10-11 58-59'),
    ('mon, wed-thu 10:00-11:00', '10-11 58-59 82-83'),
    ('  mon   10:00 - 11:00 ', '10-11'),
    ('mon 10:00:00-11:00:00', '10-11'),
    ('mon,mon 10:00-11:00', '10-11'),
    ('00:00-24:00', '0-168'),
    ('23:00-22:00', '0-22 23-46 47-70 71-94 95-118 119-142 143-166 167-168')) v (w, hours);
select is(pgconductor._week_of('t', null, null, null), null, 'no window');
select is(pgconductor._week_of('t', '{}', null, null), null, 'an empty list of them');
select is(pg_temp.hours(pgconductor._week_of('t', '{mon 10:00-11:00,mon 10:30-12:00}', '22:00', '23:00')),
    '10-12 22-23 46-47 70-71 94-95 118-119 142-143 166-167', 'a list and the daily one: all of them');
select is(pgconductor._week_of('t', '{mon 09:00:01-09:00:02}', null, null), '{[32401000000,32402000000)}', 'to the second');
select is(pg_temp.hours(pgconductor._week_of('t', null, '00:00', '24:00')), '0-168', 'every day, all day');

select throws_ok(format('select pgconductor._week_of(''report'', array[%L], null, null)', w), 'PC004', null, 'refused: ' || coalesce(w, 'null'))
from (values ('tomorrow'), (''), ('09:00'), ('09:00-09:00'), ('00:00-00:00'), ('24:00-06:00'), ('09:00-24:01'), ('09:60-10:00'), ('25:00-26:00'),
    ('mon-tue-wed 09:00-10:00'), ('mo 09:00-10:00'), ('mon, 09:00-10:00'), (null)) v (w);
select throws_like($$ select pgconductor._week_of('report', '{funday 09:00-10:00}', null, null) $$,
    '%task "report": "funday 09:00-10:00" is not a window: "funday" is no day%', 'the message names task, window and fault');

select * from finish();
rollback;
