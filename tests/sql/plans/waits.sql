-- What waits for children, events and ticks, beside a hundred thousand others of each: every function is planned, and its plan kept, while
-- its tables are empty and known to be. Then all indexes cost the same, and a walk through one in the order that is asked for seems as good.
begin;
-- In files of their own, without what earlier tests left behind.
truncate pgconductor.executions, pgconductor.steps, pgconductor.orphans, pgconductor.events, pgconductor.event_failures, pgconductor.schedules, pgconductor.paces, pgconductor.subscriptions;
analyze pgconductor.executions, pgconductor.steps, pgconductor.orphans, pgconductor.events, pgconductor.event_failures, pgconductor.schedules, pgconductor.paces, pgconductor.subscriptions;
select plan(22);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';
create table public.ev_waits (id integer);

create temp table cost (call text, size integer, blocks bigint, ms numeric);
create function pg_temp.measure(call text, size integer, query text) returns void language sql as $$
    insert into cost select $1, $2, c.blocks, c.ms from test.cost($3) c
$$;
create function pg_temp.event(name text, key text, ordinal integer default 1) returns jsonb language sql as $$
    select jsonb_build_object('name', name, 'ordinal', ordinal, 'kind', 'event', 'key', key)
$$;
-- Every way in which something is waited for and comes; each line is what a call looked at.
create function pg_temp.round(n integer) returns void language plpgsql as $$
declare
    f constant integer := n * 1000;
begin
    perform test.worker(n, 'default', 'p', 'c');
    perform pgconductor.register_subscriptions('s' || n, jsonb_build_array(jsonb_build_object('task_key', 'c', 'name', 'n', 'schema', 'public', 'table', 'ev_waits', 'operation', 'insert')));
    perform pgconductor.invoke('p', p_id => test.id(f + i)) from generate_series(1, 6) i;
    perform test.claim(n, 'default', 100);
    perform test.wait(n, test.id(f + 1), jsonb_build_array(test.child('c', f + 11, 'c')));
    perform test.wait(n, test.id(f + 2), jsonb_build_array(jsonb_build_object('name', 'g', 'ordinal', 1, 'kind', 'all', 'pending', 2),
        test.child('g/0', f + 12, 'c', '{"group": "g"}'), test.child('g/1', f + 13, 'c', '{"group": "g"}')));
    perform test.wait(n, test.id(f + 3), jsonb_build_array(pg_temp.event('e', 'k' || n)));
    perform test.wait(n, test.id(f + 4), jsonb_build_array(test.child('c', f + 14, 'c')));
    perform test.claim(n, 'default', 100);
    perform pg_temp.measure('a child ends', 1, format('select test.finish(%s, test.id(%s), ''completed'')', n, f + 11));
    perform pg_temp.measure('the first of a group ends', 1, format('select test.finish(%s, test.id(%s), ''completed'')', n, f + 12));
    perform pg_temp.measure('the last of a group ends', 1, format('select test.finish(%s, test.id(%s), ''completed'')', n, f + 13));
    perform pg_temp.measure('_deliver_event', 1, format('select pgconductor._deliver_event(test.id(%s), ''k%s'', ''1'', null, false)', f + 90, n));
    perform pg_temp.measure('expect_event', 1, format('select pgconductor.expect_event(test.id(%s), l.id, array_position(l.ids, test.id(%s)), pg_temp.event(''x'', ''x%1$s'')) from pgconductor.leases l where test.id(%2$s) = any (l.ids)', n, f + 6));
    perform pg_temp.measure('suspended with an open wait', 1, format('select test.wait(%s, test.id(%s), ''[]'', ''x'')', n, f + 6));
    perform pg_temp.measure('a parent is cancelled', 1, format('select pgconductor.cancel_execution(test.id(%s))', f + 4));
    perform pg_temp.measure('a cancellation of what is not known', 1, 'select pgconductor.cancel_execution(gen_random_uuid())');
    perform pg_temp.measure('_cancel_orphans', 1, 'select pgconductor._cancel_orphans(1)');
    perform pg_temp.measure('_deliver_left', 1, 'select pgconductor._deliver_left(10)');
    perform pg_temp.measure('a row of a table', 1, 'insert into public.ev_waits values (1)');
    perform pgconductor.register_subscriptions('s' || n, '[]');

    perform pg_temp.measure('schedule', 1, format('select pgconductor.schedule(''s%s'', ''c'', ''0 * * * *'')', n));
    perform pg_temp.measure('due_schedules', 1, 'select pgconductor.due_schedules(10)');
    perform pg_temp.measure('advance_schedules', 1, format('select * from pgconductor.advance_schedules(array[''s%s''], array[1::bigint], array[now()], array[timestamptz ''2025-02-01 00:00+00''], array[0], ''{}'')', n));
    perform pg_temp.measure('orchestrator_heartbeat', 50, format('select pgconductor.orchestrator_heartbeat(test.id(%s))', n));
    insert into pgconductor.event_failures (failed_at, event_key, sqlstate, message) values (pgconductor.current_time(), 'k', 'PC004', 'm');
    perform pg_temp.measure('report_event_failures', 1, 'select * from pgconductor.report_event_failures(10)');
    perform pg_temp.measure('_delete_old_failures', 1, 'select pgconductor._delete_old_failures(10)');
    perform pg_temp.measure('a throttled invoke', 1, format('select pgconductor.invoke(''c'', p_throttle => ''1 minute'', p_pace_key => ''%s'')', n));
    perform pg_temp.measure('_delete_old_paces', 1, 'select pgconductor._delete_old_paces(10)');
end
$$;

select lives_ok('select pg_temp.round(n) from generate_series(1, 7) n', 'seven times on empty tables, after which a session has its plans');
truncate cost;
select lives_ok($$
    insert into pgconductor.steps (execution_id, started_at, ordinal, kind, name, key, child_id, detail)
    select gen_random_uuid(), '2025-01-15 10:00+00', 1, case when n % 2 = 0 then 'event' else 'child' end, 'e', case when n % 2 = 0 then 'w' || n end, gen_random_uuid(), '{"queue": "default"}' from generate_series(1, 100000) n;
    insert into pgconductor.schedules (key, task_key, cron, last_tick, look_at, created_at, updated_at)
    select 'far' || n, 'c', '0 * * * *', '2025-01-15 10:00+00', '2025-02-01 10:00+00'::timestamptz + n * interval '1 second', '2025-01-15 10:00+00', '2025-01-15 10:00+00' from generate_series(1, 100000) n;
    insert into pgconductor.event_failures (failed_at, event_key, sqlstate, message, reported) select '2025-01-15 09:00+00', 'k', 'PC004', 'm', true from generate_series(1, 100000) n;
    insert into pgconductor.paces select 'c', 'key ' || n, 'throttle', 'leading', gen_random_uuid(), 'default', '2025-01-15 10:00+00', '2025-01-16 10:00+00', '2025-01-16 10:20+00' from generate_series(1, 100000) n;
    insert into pgconductor.orphans select gen_random_uuid(), 'r' from generate_series(1, 100000) n;
    insert into pgconductor.subscriptions (service, task_key, name, table_schema, table_name, operation, created_at, updated_at) select 'x', 't', n::text, 'public', 'other_' || n, 'insert', now(), now() from generate_series(1, 100000) n
$$, 'a hundred thousand of each');
select lives_ok('select pg_temp.round(n) from generate_series(8, 9) n', 'the same twice more');
-- A cancellation of what is not known looks for it in every day of the history, three times; so do those of orphans here.
select cmp_ok(s.most, '<=', case s.call
    when 'a parent is cancelled' then 600
    when 'a cancellation of what is not known' then 1000
    when '_cancel_orphans' then 50 + (select min(u.blocks) from cost u where u.call = 'a cancellation of what is not known')
    when 'orchestrator_heartbeat' then 300 * s.size
    else 250 end::bigint, format('%s: %s blocks at most', s.call, s.most))
from (select c.call, max(c.blocks) as most, max(c.size) as size from cost c group by c.call order by c.call) s;
select * from finish();
rollback;
