-- What they do is in the files of their functions: executions/_adopt_inserted.sql and tasks/_default_lane.sql.
begin;
select plan(7);
select triggers_are('pgconductor', 'executions', array['executions_adopt_inserted'], 'executions has one trigger');
select triggers_are('pgconductor', 'tasks', array['tasks_compile_windows', 'tasks_default_lane'], 'tasks has two');
select trigger_is('pgconductor', 'executions', 'executions_adopt_inserted', 'pgconductor', '_adopt_inserted', 'for rows of SQL users');
select matches(pg_get_triggerdef(oid), 'AFTER INSERT .* FOR EACH ROW WHEN \(\(new.lane = ''\?''', 'only those without a lane: our own inserts pay nothing') from pg_trigger where tgname = 'executions_adopt_inserted' and tgparentid = 0;
select matches(pg_get_triggerdef(oid), 'BEFORE INSERT OR UPDATE .* WHEN ', 'tasks: before the row is stored') from pg_trigger where tgname = 'tasks_default_lane';
select is((select count(*) from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'pgconductor'::regnamespace and not t.tgisinternal
    and c.relname not in ('executions', 'executions_default', 'tasks', 'events')), 0::bigint, 'no other table has any');
select matches(pg_get_triggerdef(oid), 'CONSTRAINT TRIGGER .* AFTER INSERT .* DEFERRABLE INITIALLY DEFERRED', 'events: at the commit') from pg_trigger where tgname = 'events_deliver';
select * from finish();
rollback;
