begin;
select plan(7);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
select test.worker(1, 'default', 't'), test.worker(2, 'default', 't'), test.worker(3, 'default', 't'), test.worker(4, 'default', 't');
update pgconductor.orchestrators set schema_version = 9 where id = test.id(4);
update pgconductor.orchestrators set last_heartbeat_at = '2025-01-15 09:59:29+00' where id = test.id(2);
update pgconductor.orchestrators set draining = true where id = test.id(3);

select is(pgconductor.ask_older_to_leave(9), 2, 'older ones that are alive: not the silent one');
select results_eq('select orchestrator_id, kind from pgconductor.signals order by 1', $$ values (test.id(1), 'shutdown'), (test.id(2), 'shutdown') $$,
    'who is silent is asked too, and who is on his way is not');
select matches((select reason from pgconductor.signals limit 1), 'schema version 9', 'they are told why');
select is(pgconductor.ask_older_to_leave(9), 2, 'once more');
select is((select count(*) from pgconductor.signals), 2::bigint, 'nobody is asked twice');
select is(pgconductor.ask_older_to_leave(9, '1 minute'), 3, 'how long one may be silent is said');
delete from pgconductor.orchestrators where id in (test.id(1), test.id(3));
select is(pgconductor.ask_older_to_leave(9), 0, 'until they have left');
select * from finish();
rollback;
