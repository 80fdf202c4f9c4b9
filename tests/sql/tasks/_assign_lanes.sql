-- More of the decisions are in register_worker's file.
begin;
select plan(22);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

create function pg_temp.lane(key text) returns text language sql as $$ select t.lane from pgconductor.tasks t where t.key = $1 $$;

select lives_ok($$ insert into pgconductor.tasks (key) values ('backlog'), ('free'), ('unserved') $$, 'tasks before any worker');
select is(array[pg_temp.lane('backlog'), pg_temp.lane('unserved')], '{backlog,unserved}', 'each has a lane of its own');
select lives_ok($$ insert into pgconductor.executions (id, task_key) values (test.id(1), 'backlog') $$, 'one waits in its lane');
select lives_ok($$ select test.worker(2, 'default', 'backlog', 'free') $$, 'a worker comes');
select is(pg_temp.lane('free'), '', 'a task with an empty lane joins the plain lane');
select is(pg_temp.lane('backlog'), 'backlog', 'one with a backlog does not yet');
select is(pg_temp.lane('unserved'), 'unserved', 'one that nobody serves does not');
select is(test.claim(2, 'default', 10), array[test.id(1)], 'the backlog is worked off where it is');
select pgconductor._assign_lanes('default');
select is(pg_temp.lane('backlog'), '', 'and then the task joins too');

-- A task that is run in batches has a lane of its own as long as it is.
select pgconductor.register_worker(test.id(2), 'default', '[{"key": "backlog"}, {"key": "free", "batch_size": 10}]');
select is(pg_temp.lane('free'), 'free', 'a batch task leaves the plain lane');
select pgconductor.register_worker(test.id(2), 'default', '[{"key": "backlog"}, {"key": "free"}]');
select is(pg_temp.lane('free'), 'free', 'a process that does not say changes nothing');
select pgconductor.register_worker(test.id(2), 'default', '[{"key": "backlog"}, {"key": "free", "batch_size": null}]');
select is(pg_temp.lane('free'), '', 'one that says so brings it back');

-- With limits its lane is another, which it takes when nothing waits in the one it has.
select pgconductor.register_worker(test.id(2), 'default', '[{"key": "backlog", "batch_size": 2}, {"key": "free", "limits": {"concurrency": 1}}]');
select is(array[pg_temp.lane('backlog'), pg_temp.lane('free')], array['backlog', pgconductor._own_lane('free', true)], 'limits give a task a lane of their own kind at once, out of the plain one');
select pgconductor.invoke('backlog', p_id => test.id(2));
select pgconductor.register_worker(test.id(2), 'default', '[{"key": "backlog", "limits": {"concurrency": 1}}]');
select is(pg_temp.lane('backlog'), 'backlog', 'one with a backlog in a lane of its own stays there');
select is(cardinality(test.claim(2, 'default', 10)), 1, 'where claims look');
select is(test.finish(2, test.id(2), 'completed'), 'completed', 'until it is gone');
select pgconductor._assign_lanes('default');
select is(pg_temp.lane('backlog'), pgconductor._own_lane('backlog', true), 'then it goes');
select pgconductor.register_worker(test.id(2), 'default', '[{"key": "backlog", "limits": null, "batch_size": 2}, {"key": "free", "limits": null}]');
update pgconductor.tasks set holds = false where key in ('backlog', 'free');
select pgconductor._assign_lanes('default');
select is(array[pg_temp.lane('backlog'), pg_temp.lane('free')], array[pgconductor._own_lane('backlog', true), ''], 'without limits the lane stays as long as it needs one');
update pgconductor.tasks set batch_size = null where key = 'backlog';
select pgconductor.invoke('backlog', p_id => test.id(3));
select pgconductor._assign_lanes('default');
select is(pg_temp.lane('backlog'), pgconductor._own_lane('backlog', true), 'and while something waits there');
select is(test.claim(2, 'default', 10), array[test.id(3)], 'which is claimed');
select pgconductor.create_queue('elsewhere'), pgconductor.invoke('backlog', p_queue => 'elsewhere', p_id => test.id(4));
select pgconductor._assign_lanes('default');
select is(pg_temp.lane('backlog'), pgconductor._own_lane('backlog', true), 'or on another queue');
delete from pgconductor.executions;
select pgconductor._assign_lanes('default');
select is(pg_temp.lane('backlog'), '', 'when nothing waits anywhere it is an ordinary task');

select * from finish();
rollback;
