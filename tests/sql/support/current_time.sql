begin;
select plan(8);

select cmp_ok(abs(extract(epoch from pgconductor.current_time() - clock_timestamp())), '<', 60::numeric, 'without a fake clock: now');
select set_config('pgconductor.fake_now', '', true);
select cmp_ok(abs(extract(epoch from pgconductor.current_time() - clock_timestamp())), '<', 60::numeric, 'an empty setting is no fake clock');
select cmp_ok(pgconductor.current_time(), '>=', transaction_timestamp(), 'it moves on inside a transaction');
select volatility_is('pgconductor', 'current_time', '{}'::name[], 'stable', 'an index can be asked with it');

set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select is(pgconductor.current_time(), '2025-01-15 10:00:00+00'::timestamptz, 'the fake clock is taken as it stands');
select is(pgconductor.current_time(), '2025-01-15 10:00:00+00'::timestamptz, 'and stands still');
select test.pass('90 seconds');
select is(pgconductor.current_time(), '2025-01-15 10:01:30+00'::timestamptz, 'until it is moved');
set local pgconductor.fake_now = 'soon';
select throws_ok('select pgconductor.current_time()', '22007', null, 'a clock that is no time is an error, not now');

select * from finish();
rollback;
