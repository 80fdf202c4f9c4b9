-- What the files in this folder stand on: pgTAP, and a schema "test" with names for things they all need.
create extension if not exists pgtap;
create extension if not exists "uuid-ossp";

-- Housekeeping passes over a table that autovacuum is at just then; the tests say what it does when nobody is.
alter table pgconductor.completed_executions_default set (autovacuum_enabled = off);
alter table pgconductor.failed_executions_default set (autovacuum_enabled = off);
alter table pgconductor.execution_logs_default set (autovacuum_enabled = off);

create schema test;

-- The n-th id: test.id(1), test.id(2). Version 7, so that it looks like a client's.
create function test.id(n integer) returns uuid language sql immutable as $$
    select ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
$$;

-- Moves the clock for the rest of the session (of the transaction, after ROLLBACK).
create function test.clock(at text) returns void language sql as $$
    select set_config('pgconductor.fake_now', at, false)
$$;

-- Lets the clock pass.
create function test.pass(i interval) returns void language sql as $$
    select set_config('pgconductor.fake_now', (pgconductor.current_time() + i)::text, false)
$$;

-- Makes orchestrator n serve the tasks on the queue, with their settings as they are. Returns its id.
create function test.worker(n integer, queue text, variadic keys text[]) returns uuid language plpgsql as $$
begin
    perform pgconductor.register_orchestrator(test.id(n), 'test-' || n, '1.0', 1);
    perform pgconductor.register_worker(test.id(n), queue, coalesce((select jsonb_agg(jsonb_build_object('key', k)) from unnest(keys) k), '[]'));
    return test.id(n);
end
$$;

-- Claims for orchestrator n; the ids in the order of their positions.
create function test.claim(n integer, queue text, size integer) returns uuid[] language sql as $$
    select coalesce(array_agg(c.id order by c.position) filter (where c.id is not null), '{}')
    from pgconductor.claim_executions(test.id(n), queue, size) c
$$;

-- Gives one running execution its outcome, as orchestrator n; the effect.
create function test.finish(n integer, execution uuid, outcome text, error text default null, delay double precision default null)
returns text language sql as $$
    select r.effect
    from pgconductor.leases l
    cross join lateral pgconductor.return_executions(test.id(n), '{}', array[l.id], array[array_position(l.ids, execution)],
        array[outcome], null, case when error is not null then array[jsonb_build_object('message', error)] end, array[delay]) r
    where execution = any (l.ids) and array_position(l.ids, execution)::smallint <> all (l.done)
$$;

-- The execution's state and reason as the view shows it; null: not known.
create function test.state(execution uuid) returns text language sql as $$
    select string_agg(a.state, ' and ') from pgconductor.all_executions a where a.id = execution
$$;

create function test.reason(execution uuid) returns text language sql as $$
    select a.reason from pgconductor.all_executions a where a.id = execution
$$;

-- What a statement touches: rows it returned, blocks it looked at, entries it read from the claim's index, milliseconds.
create function test.cost(query text, out n bigint, out blocks bigint, out entries bigint, out ms numeric) language plpgsql as $$
declare
    v_plan   json;
    v_before bigint;
begin
    select coalesce(sum(pg_stat_get_xact_tuples_returned(indexrelid)), 0) into v_before
    from pg_index where indrelid in (select relid from pg_partition_tree('pgconductor.executions'));
    execute 'explain (analyze, buffers, format json) ' || query into v_plan;
    n := (v_plan #>> '{0,Plan,Actual Rows}')::bigint;
    blocks := (v_plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (v_plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
    ms := round((v_plan #>> '{0,Execution Time}')::numeric, 2);
    select sum(pg_stat_get_xact_tuples_returned(indexrelid)) - v_before into entries
    from pg_index where indrelid in (select relid from pg_partition_tree('pgconductor.executions'));
end
$$;

-- A million rows of a task in a lane of the default queue, from the given time on, a second apart.
create function test.million(task text, lane text, first text) returns void language sql as $$
    insert into pgconductor.executions (id, task_key, lane, run_at, created_at)
    select ('01910000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, $2, $3::timestamptz + n * interval '1 second', '2025-01-15 00:00+00'
    from generate_series(1, 1000000) n
$$;

-- Saves a finished step of a running execution, as orchestrator n; the effect.
create function test.step(n integer, execution uuid, name text, result jsonb default '1', failed boolean default false) returns text language sql as $$
    select s.effect
    from pgconductor.leases l
    cross join lateral pgconductor.save_steps(test.id(n), array[l.id], array[array_position(l.ids, execution)], array[name], array[1], array[result],
        null, null, array[failed]) s
    where execution = any (l.ids)
$$;

-- Suspends a running execution, as orchestrator n, until what the waits say; the effect. See _begin_waits.
create function test.wait(n integer, execution uuid, waits jsonb, variadic open text[] default '{}') returns text language sql as $$
    select r.effect
    from pgconductor.leases l
    cross join lateral pgconductor.return_executions(test.id(n), '{}', array[l.id], array[array_position(l.ids, execution)],
        '{suspended}', array[jsonb_build_object('waits', waits, 'open', to_jsonb(open))]) r
    where execution = any (l.ids) and array_position(l.ids, execution)::smallint <> all (l.done)
$$;

-- The wait for a child: the child is execution n of task t.
create function test.child(name text, n integer, task text default 't', more jsonb default '{}') returns jsonb language sql as $$
    select jsonb_build_object('name', name, 'ordinal', n, 'kind', 'child', 'child', jsonb_build_object('id', test.id(n), 'task', task, 'payload', n)) || more
$$;

-- The steps of an execution: name, state, result.
create function test.steps(execution uuid) returns text language sql as $$
    select string_agg(concat_ws(' ', s.name, s.state, s.result #>> '{}'), ', ' order by s.ordinal, s.name) from pgconductor.load_steps(execution) s
$$;
