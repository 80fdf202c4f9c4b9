begin;
select plan(7);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
insert into pgconductor.tasks (key) values ('t');
select lives_ok($$ select pgconductor._begin_waits(test.id(1), 'default', jsonb_build_array(
    '{"name": "s", "ordinal": 1, "kind": "sleep", "seconds": 90, "started_at": "2025-01-15 09:59+00"}'::jsonb,
    '{"name": "u", "ordinal": 2, "kind": "sleep", "deadline": "2026-01-01T00:00:00Z"}'::jsonb,
    '{"name": "e", "ordinal": 3, "kind": "event", "key": "shipped", "detail": {"order": 7}}'::jsonb,
    '{"name": "g", "ordinal": 4, "kind": "all", "pending": 2}'::jsonb,
    test.child('g/0', 10, 't', '{"ordinal": 5, "group": "g"}'), test.child('g/1', 11, 't', '{"ordinal": 6, "group": "g"}')), '2025-01-15 10:00+00') $$, 'waits of every kind');
select results_eq($$ select name, kind, deadline, key, detail, pending, group_name, child_id, detached from pgconductor.steps order by ordinal $$,
    $$ values ('s'::text collate "C", 'sleep'::text collate "C", timestamptz '2025-01-15 10:01:30+00', null::text collate "C", null::jsonb, null::integer, null::text collate "C", null::uuid, false),
        ('u', 'sleep', '2026-01-01 00:00+00', null, null, null, null, null, false), ('e', 'event', null, 'shipped', '{"order": 7}', null, null, null, false),
        ('g', 'all', null, null, null, 2, null, null, false), ('g/0', 'child', null, null, null, null, 'g', test.id(10), false), ('g/1', 'child', null, null, null, null, 'g', test.id(11), false) $$,
    'are stored, unfinished');
select is((select count(*) from pgconductor.steps where finished_at is null and bytes = 0), 6::bigint, 'without a result');
select is((select started_at from pgconductor.steps where name = 's'), '2025-01-15 09:59+00', 'since when');
select is((select array_agg(id order by id) from pgconductor.executions), array[test.id(10), test.id(11)], 'the children are enqueued');
select is((select flow from pgconductor.executions where id = test.id(10)), jsonb_build_object('parent', test.id(1), 'queue', 'default', 'step', 'g/0'), 'and know for whom');
select throws_ok($$ select pgconductor._begin_waits(test.id(2), 'default', jsonb_build_array(test.child('c', 12, 't', '{"child": {"id": "01900000-0000-7000-8000-000000000012", "task": "t", "queue": "nowhere"}}')), now()) $$,
    'PC002', null, 'a queue that is not there: PC002');
select * from finish();
rollback;
