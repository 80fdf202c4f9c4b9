-- Delivers one event: starts the tasks that are subscribed to its key, then wakes the executions that wait for it. It reads by
-- the key: what belongs to other keys costs nothing. One that has the event already does not get it again.
--
-- No wait is missed: a registration holds the key's lock exclusively to its commit, a delivery shares it to its own, and looks
-- after it has it. So every wait that was registered by then is seen, and no event commits between the look and the commit.
-- Locks: the key, then steps and executions as _resolve_waits takes them.
--
-- Planner: by the indexes of the keys, whatever the tables held when the plan was made.
create or replace function pgconductor._deliver_event(
    p_id           uuid,
    p_key          text,
    p_payload      jsonb,
    p_trace_parent text,
    p_repeated     boolean)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_now          timestamptz := pgconductor.current_time();
    v_subscription pgconductor.subscriptions;
    v_wait         record;
    v_ids          uuid[] := '{}';
    v_queues       text[] := '{}';
    v_names        text[] := '{}';
begin
    for v_subscription in
        -- Found first and sorted then ("offset 0"): while the table looks empty, reading all of it in this order seems as good.
        select x.*
        from (select s.* from pgconductor.subscriptions s where s.event_key = p_key offset 0) x
        order by x.service, x.task_key, x.name
    loop
        perform pgconductor._start_subscriber(v_subscription, p_payload, p_id, p_trace_parent, p_repeated);
    end loop;

    perform pg_advisory_xact_lock_shared(1885823589, hashtext(p_key));
    for v_wait in
        select s.execution_id, s.name, s.detail
        from pgconductor.steps s
        where s.kind = 'event' and s.key = p_key and s.finished_at is null and (s.deadline is null or s.deadline > v_now)
            and not (p_repeated and exists (
                select from pgconductor.steps o
                where o.execution_id = s.execution_id and o.detail ->> 'event' = p_id::text))
    loop
        begin
            if pgconductor._event_matches(v_wait.detail -> 'match', p_payload) then
                v_ids := v_ids || v_wait.execution_id;
                v_queues := v_queues || (v_wait.detail ->> 'queue');
                v_names := v_names || v_wait.name;
            end if;
        exception
            when others then
                perform pgconductor._event_failed(null, v_wait.execution_id, p_id, p_key, sqlstate, sqlerrm, p_payload);
        end;
    end loop;

    if v_ids <> '{}' then
        -- Looked up one by one, as _resolve_waits does it.
        perform 1
        from (select x.execution_id, x.name collate "C" as name from unnest(v_ids, v_names) x (execution_id, name) order by 1, 2) u
        cross join lateral (
            select 1 from pgconductor.steps x where x.execution_id = u.execution_id and x.name = u.name limit 1 for update) s;
        update pgconductor.steps s
        set detail = s.detail || jsonb_build_object('event', p_id)
        from (
            select x.row
            from unnest(v_ids, v_names) g (execution_id, name)
            cross join lateral (
                select y.ctid as row from pgconductor.steps y
                where y.execution_id = g.execution_id and y.name = g.name and y.finished_at is null limit 1) x
        ) u
        where s.ctid = u.row;
        perform pgconductor._resolve_waits(v_ids, v_queues, v_names, array_fill(false, array[cardinality(v_ids)]),
            array_fill(p_payload, array[cardinality(v_ids)]), v_now);
    end if;
end
$$;
