begin;
select plan(14);
\set now '''2025-01-15 10:00:00+00'''
select results_eq($$ select room, opens_at, tokens from pgconductor._limit_state(null, null, null, null, 5, null, null, '2025-01-15 10:00+00') $$,
    $$ values (null::integer, timestamptz '2025-01-15 10:00+00', null::double precision) $$, 'no limit');
select is((select room from pgconductor._limit_state(3, null, null, null, null, null, null, now())), 3, 'nothing counted yet: all of it');
select is((select room from pgconductor._limit_state(3, null, null, null, 1, null, null, now())), 2, 'what is left');
select results_eq('select room, opens_at from pgconductor._limit_state(3, null, null, null, 3, null, null, now())', $$ values (0, timestamptz 'infinity') $$, 'full: until a slot is given back');
select results_eq('select room, opens_at from pgconductor._limit_state(3, null, null, null, 5, null, null, now())', $$ values (0, timestamptz 'infinity') $$, 'lowered meanwhile: not less than none');

-- 10 a minute, 4 at once.
select is((select room from pgconductor._limit_state(null, 10, 60, 4, null, null, null, now())), 4, 'a bucket never used is full');
select is((select room from pgconductor._limit_state(null, 10, 60, 4, 0, 0, :now, :now::timestamptz + interval '12 seconds')), 2, 'two tokens after twelve seconds');
select is((select room from pgconductor._limit_state(null, 10, 60, 4, 0, 0, :now, :now::timestamptz + interval '1 hour')), 4, 'never more than the burst');
select results_eq(format('select room, opens_at from pgconductor._limit_state(null, 10, 60, 4, 0, 0.5, %L, %1$L)', :now),
    format('select 0, timestamptz %L', '2025-01-15 10:00:03.000001+00'), 'half a token: the rest comes in three seconds');
select is((select room from pgconductor._limit_state(null, 10, 60, 4, 0, 0.5, :now, timestamptz '2025-01-15 10:00:03.000001+00')), 1, 'and then it is there');
select is((select room from pgconductor._limit_state(null, 10, 60, 4, 0, 1, :now, :now::timestamptz - interval '1 hour')), 1, 'a clock set back takes nothing away');
select is((select room from pgconductor._limit_state(null, 1000000000, 0.001, 1000000000, 0, 0, :now, :now::timestamptz + interval '10 years')), 1000000000, 'the largest there can be');

-- Both.
select is((select room from pgconductor._limit_state(3, 10, 60, 4, 2, 4, :now, :now)), 1, 'the lower of the two');
select results_eq(format('select room, opens_at from pgconductor._limit_state(3, 10, 60, 4, 3, 0, %L, %1$L)', :now), $$ values (0, timestamptz 'infinity') $$, 'no slot and no token: the slot first');
select * from finish();
rollback;
