begin;
select plan(13);
select is((select partstrat::text || pg_get_partkeydef(partrelid) from pg_partitioned_table where partrelid = 'pgconductor.executions'::regclass), 'lLIST (queue)', 'executions: by queue');
select is((select partdefid::regclass::text from pg_partitioned_table where partrelid = 'pgconductor.executions'::regclass), 'pgconductor.executions_default', 'with a default partition, so an ordinary queue needs no DDL');
select is((select pg_get_partkeydef(partrelid) || partdefid::regclass from pg_partitioned_table where partrelid = 'pgconductor.completed_executions'::regclass), 'RANGE (expires_at)pgconductor.completed_executions_default', 'history: by the day it may go');
select is((select pg_get_partkeydef(partrelid) || partdefid::regclass from pg_partitioned_table where partrelid = 'pgconductor.failed_executions'::regclass), 'RANGE (expires_at)pgconductor.failed_executions_default', 'dead letters too');

select pgconductor.create_queue('hot', true), pgconductor.create_queue('cold');
insert into pgconductor.executions (task_key, queue) select 't', q from unnest('{default,hot,cold,hot}'::text[]) q;
select is((select array_agg(queue || ' ' || n order by queue) from (select queue, count(*) as n from only pgconductor.executions_default group by queue) s), '{"cold 1","default 1"}', 'ordinary queues share the default partition');
select is((select count(*) from pgconductor.executions where queue = 'hot' and tableoid = (select ('pgconductor.' || partition_name)::regclass from pgconductor.queues where name = 'hot')), 2::bigint, 'a hot one has its own');
create function pg_temp.scanned(query text) returns text[] language plpgsql as $$
declare
    v_line text;
    v_found text[] := '{}';
begin
    for v_line in execute 'explain (costs off) ' || query loop
        if v_line ~ ' on executions' then
            v_found := v_found || substring(v_line from 'on (executions\w*)');
        end if;
    end loop;
    return array(select distinct u from unnest(v_found) u order by u);
end
$$;
select is(pg_temp.scanned($$ select from pgconductor.executions where queue = 'cold' and lane = '' $$), '{executions_default}', 'a statement with the queue touches its partition');
select is(cardinality(pg_temp.scanned($$ select from pgconductor.executions where queue = 'hot' and lane = '' $$)), 1, 'and no other');

-- A day's partition; rows kept for ever.
select pgconductor._make_day('completed_executions', '2025-01-15');
insert into pgconductor.completed_executions (id, expires_at, created_at, started_at, finished_at, priority, attempts, queue, task_key)
select gen_random_uuid(), at, now(), now(), now(), 0, 1, 'default', 't' from unnest('{2025-01-14 23:59:59.999999+00,2025-01-15 00:00+00,2025-01-15 23:59:59.999999+00,2025-01-16 00:00+00,infinity}'::timestamptz[]) at;
select is((select array_agg(tableoid::regclass::text order by expires_at) from pgconductor.completed_executions),
    '{pgconductor.completed_executions_default,pgconductor.completed_executions_20250115,pgconductor.completed_executions_20250115,pgconductor.completed_executions_default,pgconductor.completed_executions_forever}', 'rows find their day');
select is((select count(*) from pgconductor.completed_executions_forever), 1::bigint, 'what is kept for ever is not in the way of new days');
select throws_ok($$ insert into pgconductor.completed_executions_20250115 select * from pgconductor.completed_executions_forever $$, '23514', null, 'a day takes only its own rows');
select is((select count(*) from pg_class where relname = 'executions_default' and reloptions @> '{autovacuum_vacuum_cost_delay=0}'), 1::bigint, 'the busy partition is vacuumed at full speed');
select is((select count(*) from pg_class c join pgconductor.queues q on q.partition_name = c.relname where c.reloptions @> '{autovacuum_vacuum_cost_delay=0}'), 1::bigint, 'a queue''s own too');
select * from finish();
rollback;
