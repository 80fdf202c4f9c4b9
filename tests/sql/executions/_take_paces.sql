begin;
select plan(4);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor._take_paces(array['b', 'a', 'a', 'a', 'plain'], array['1 s', '1 s', null, '1 s', null]::interval[], array[null, null, '1 s', null, null]::interval[],
    array['k', 'k', null, 'k', null], array[null, null, 'leading', null, null]) $$, 'four paced items of five');
select is((select string_agg(concat_ws(' ', task_key, nullif(key, ''), kind, edge), ', ' order by task_key, key) from pgconductor.paces),
    'a debounce leading, a k throttle leading, b k throttle leading', 'each pace once, with the defaults');
update pgconductor.paces set closes_at = '2025-01-15 10:01+00', forget_at = 'infinity';
create temp table before as select ctid as place, * from pgconductor.paces;
select lives_ok($$ select pgconductor._take_paces(array['b', 'a'], array['1 s', null]::interval[], array[null, '1 s']::interval[], array['k', null], array[null, 'leading']) $$, 'again');
select is((select array_agg(p.task_key order by p.task_key) from pgconductor.paces p join before b on b.place = p.ctid), array['a', 'b'], 'a window that drops is not even locked: only the debounce was');
select * from finish();
rollback;
