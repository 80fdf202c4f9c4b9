begin;
select plan(23);

create function pg_temp.code(throttle interval, debounce interval, key text, edge text, max_wait interval, alone boolean) returns text language plpgsql as $$
begin
    perform pgconductor._check_pace(throttle, debounce, key, edge, max_wait, alone);
    return 'fine';
exception when others then
    return sqlstate;
end
$$;
select is(pg_temp.code(t, d, k, e, m, a), c, w) from (values
    ('1 ms'::interval, null::interval, null, null, null::interval, true, 'fine', 'the shortest throttle'),
    ('366 days', null, repeat('k', 1000), 'leading', null, true, 'fine', 'the longest, with a key of 1000 bytes'),
    ('1 s', null, 'k', 'trailing', null, true, 'fine', 'a trailing throttle'),
    (null, '1 s', null, null, null, true, 'fine', 'a debounce'),
    (null, '1 s', 'k', 'leading', '1 s', true, 'fine', 'a longest wait that is as long as the debounce'),
    (null, '1 s', 'k', 'trailing', '366 days', true, 'fine', 'the longest wait'),
    (null, null, 'k', null, null, true, 'PC004', 'a key of nothing'),
    (null, null, null, 'leading', null, true, 'PC004', 'an edge of nothing'),
    (null, null, null, null, '1 s', true, 'PC004', 'a longest wait of nothing'),
    ('1 s', '1 s', null, null, null, true, 'PC004', 'both'),
    ('1 s', null, null, null, null, false, 'PC004', 'with a time or a dedupe key'),
    ('0', null, null, null, null, true, 'PC004', 'no throttle at all'),
    (null, '-1 s', null, null, null, true, 'PC004', 'a debounce below zero'),
    ('367 days', null, null, null, null, true, 'PC004', 'too long a throttle'),
    ('1 s', null, null, 'middle', null, true, 'PC004', 'no such edge'),
    ('1 s', null, '', null, null, true, 'PC004', 'an empty key'),
    ('1 s', null, repeat('ü', 501), null, null, true, 'PC004', 'a key over 1000 bytes'),
    ('1 s', null, null, null, '1 s', true, 'PC004', 'a longest wait of a throttle'),
    (null, '2 s', null, null, '1 s', true, 'PC004', 'a longest wait shorter than the debounce'),
    (null, '2 s', null, null, '367 days', true, 'PC004', 'one beyond a year')) v (t, d, k, e, m, a, c, w);
select throws_like($$ select pgconductor._check_pace('367 days', null, null, null, null, true) $$, '%367 days%', 'the message names the value: length');
select throws_like($$ select pgconductor._check_pace('1 s', null, null, 'middle', null, true) $$, '%middle%', 'edge');
select throws_like($$ select pgconductor._check_pace(null, '2 s', null, null, '1 s', true) $$, '%00:00:01%00:00:02%', 'longest wait');
select * from finish();
rollback;
