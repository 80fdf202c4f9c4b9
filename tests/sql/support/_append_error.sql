begin;
select plan(6);

select is(pgconductor._append_error(null, '{"message": "a"}', 1, '2025-01-15 10:00:00+00')  - 'at',
    jsonb_build_array(jsonb_build_object('message', 'a', 'attempt', 1, 'at', timestamptz '2025-01-15 10:00:00+00')), 'the first error');
select is(pgconductor._append_error(null, null, 3, now()) -> 0 ->> 'attempt', '3', 'an error without any detail still counts');
select is(pgconductor._append_error('[{"message": "a"}]', '{"message": "b"}', 2, now()) #>> '{1,message}', 'b', 'the newest is last');
select is(jsonb_array_length(pgconductor._append_error((select jsonb_agg(n) from generate_series(1, 9) n), '{}', 10, now())), 10, 'ten are kept');
select is(pgconductor._append_error((select jsonb_agg(n) from generate_series(1, 10) n), '{}', 11, now()) - 9,
    (select jsonb_agg(n) from generate_series(2, 10) n), 'of eleven the oldest goes');
select is(pgconductor._append_error(null, '{"attempt": 99}', 1, now()) -> 0 ->> 'attempt', '1', 'the attempt is ours to say');

select * from finish();
rollback;
