begin;
select plan(2);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select pgconductor.register_subscriptions('b', '[{"task_key": "t", "name": "n", "event": "k", "fields": ["a"], "filter": {"contains": 1}}]'), pgconductor.register_subscriptions('a', '[{"task_key": "t", "name": "n", "event": "k"}]');
select results_eq('select service, task_key, name, event_key, fields, filter, updated_at from pgconductor.list_subscriptions()',
    $$ values ('a'::text, 't'::text, 'n'::text, 'k'::text, null::text[], null::jsonb, timestamptz '2025-01-15 10:00+00'), ('b', 't', 'n', 'k', '{a}', '{"contains": 1}', '2025-01-15 10:00+00') $$, 'all of them');
select results_eq($$ select service from pgconductor.list_subscriptions('b') $$, $$ values ('b'::text) $$, 'of one service');
select * from finish();
rollback;
