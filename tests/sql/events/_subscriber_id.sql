begin;
select plan(5);
select is(pgconductor._subscriber_id(test.id(1), 's', 't', 'n'), pgconductor._subscriber_id(test.id(1), 's', 't', 'n'), 'the same each time');
select is((select count(distinct pgconductor._subscriber_id(test.id(n), 's', 't' || m, 'n')) from generate_series(1, 50) n, generate_series(1, 50) m), 2500::bigint, 'another for each event and subscription');
select isnt(pgconductor._subscriber_id(test.id(1), 's', 'ta', 'n'), pgconductor._subscriber_id(test.id(1), 's', 't', 'an'), 'however they are spelled');
select is(bool_and(i::text ~ '^01900000-0000-7[0-9a-f]{3}-[89ab]'), true, 'UUIDv7 with the event''s time') from (select pgconductor._subscriber_id(test.id(n), 's', 't', 'n') i from generate_series(1, 100) n) x;
select is(length(pgconductor._subscriber_id(test.id(1), '', '', '')::text), 36, 'a whole one');
select * from finish();
rollback;
