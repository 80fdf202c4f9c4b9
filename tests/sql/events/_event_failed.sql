begin;
select plan(2);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select lives_ok($$ select pgconductor._event_failed(null, test.id(1), test.id(2), 'k', '22023', repeat('m', 3000), '{"a": 1}');
    select pgconductor._event_failed(null, null, test.id(3), 'k', '22023', 'm', (select jsonb_agg(md5(n::text)) from generate_series(1, 400) n)) $$, 'two failures');
select results_eq('select failed_at, execution_id, event_id, event_key, sqlstate, length(message), payload, reported from pgconductor.event_failures order by id',
    $$ values (timestamptz '2025-01-15 10:00+00', test.id(1), test.id(2), 'k'::text collate "C", '22023'::text, 2000, '{"a": 1}'::jsonb, false), ('2025-01-15 10:00+00', null, test.id(3), 'k', '22023', 1, null, false) $$,
    'are kept, a long payload is not');
select * from finish();
rollback;
