begin;
select plan(20);

create function pg_temp.code(priority integer, attempts integer, at timestamptz, key text, policy text) returns text language plpgsql as $$
begin
    perform pgconductor._check_invoke(priority, attempts, at, key, policy);
    return 'fine';
exception when others then
    return sqlstate;
end
$$;
select is(pg_temp.code(p, a, r, k, d), c, w) from (values
    (0, null, null::timestamptz, null, 'return_existing', 'fine', 'the defaults'),
    (-100, 1, '0001-01-01 00:00+00', 'k', 'reject', 'fine', 'every lower end'),
    (100, 32767, '9999-12-31 23:59:59+00', repeat('k', 1000), 'replace_pending', 'fine', 'every upper end'),
    (-101, null, null, null, 'reject', 'PC004', 'priority -101'),
    (101, null, null, null, 'reject', 'PC004', 'priority 101'),
    (null, null, null, null, 'reject', 'PC004', 'no priority'),
    (0, 0, null, null, 'reject', 'PC004', 'no attempts'),
    (0, 32768, null, null, 'reject', 'PC004', 'too many attempts'),
    (0, null, '10000-01-01 00:00+00', null, 'reject', 'PC004', 'year 10000'),
    (0, null, 'infinity', null, 'reject', 'PC004', 'infinity'),
    (0, null, '-infinity', null, 'reject', 'PC004', 'minus infinity'),
    (0, null, '0001-12-31 00:00+00 BC', null, 'reject', 'PC004', 'before our era'),
    (0, null, null, '', 'reject', 'PC004', 'an empty key'),
    (0, null, null, repeat('k', 1001), 'reject', 'PC004', 'a key of 1001 bytes'),
    (0, null, null, repeat('ü', 501), 'reject', 'PC004', 'bytes, not letters'),
    (0, null, null, 'k', 'perhaps', 'PC004', 'an unknown policy'),
    (0, null, null, null, null, 'PC004', 'no policy')) v (p, a, r, k, d, c, w);
select throws_like($$ select pgconductor._check_invoke(999, null, null, null, 'reject') $$, '%999%', 'the message names the value: priority');
select throws_like($$ select pgconductor._check_invoke(0, null, '12345-01-01', null, 'reject') $$, '%12345%', 'time');
select throws_like($$ select pgconductor._check_invoke(0, null, null, null, 'perhaps') $$, '%perhaps%', 'policy');
select * from finish();
rollback;
