-- Enqueues many executions in one statement, in the caller's transaction; all or, on an error, none.
--
-- Parallel arrays, one element an execution; null arrays and null elements mean what invoke's null means. Executions
-- of one batch keep the order of the arrays: run_at grows by a microsecond from one to the next, up to now for those due
-- now, from the given time on for those due later.
-- Items with a dedupe key, a throttle or a debounce are decided one by one, in order, each by p_dedupe_policy or by its pace
-- (see invoke).
-- Returns a row for every item that was NOT simply created (existing, replaced, dropped), and for every item whose id was made
-- here, by its index (1-based).
create or replace function pgconductor.invoke_batch(
    p_task_keys     text[],
    p_payloads      jsonb[],
    p_ids           uuid[] default null,
    p_queues        text[] default null,
    p_run_ats       timestamptz[] default null,
    p_priorities    integer[] default null,
    p_max_attempts  integer[] default null,
    p_dedupe_keys   text[] default null,
    p_dedupe_policy text default 'return_existing',
    p_trace_parents text[] default null,
    p_repeated      boolean default false,
    p_throttles     interval[] default null,
    p_debounces     interval[] default null,
    p_pace_keys     text[] default null,
    p_edges         text[] default null,
    p_max_waits     interval[] default null)
returns table (item integer, execution_id uuid, disposition text)
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    v_now    timestamptz := pgconductor.current_time();
    v_paced  boolean := p_throttles is not null or p_debounces is not null or p_pace_keys is not null or p_edges is not null
                            or p_max_waits is not null;
    v_item   record;
    v_count  integer := cardinality(p_task_keys);
    -- A clock that a test holds still would never reach a microsecond later.
    v_step   interval := case when coalesce(current_setting('pgconductor.fake_now', true), '') = '' then interval '1 microsecond'
                         else interval '0' end;
    v_ids    uuid[] := p_ids;
    v_only   bigint[];
    v_done   integer := 0;
    v_made   integer;
    v_large  integer;
    v_queues text[];
    v_queue  text;
    v_lane   text;
    v_path   text[];
    v_woken  text;
begin
    if cardinality(p_task_keys) is distinct from cardinality(p_payloads) then
        perform pgconductor._raise('PC004',
            format('%s task keys and %s payloads do not make a batch', cardinality(p_task_keys), cardinality(p_payloads)),
            'Give arrays of equal length.');
    end if;

    -- The items that cannot be. Most batches have none of these arrays.
    if p_priorities is not null or p_max_attempts is not null or p_run_ats is not null or p_dedupe_keys is not null then
        perform pgconductor._check_invoke(coalesce(u.priority, 0), u.max_attempts, u.run_at, u.dedupe_key, p_dedupe_policy)
        from unnest(p_priorities, p_max_attempts, p_run_ats, p_dedupe_keys) u (priority, max_attempts, run_at, dedupe_key);
    end if;

    if v_paced then
        perform pgconductor._check_pace(u.throttle, u.debounce, u.pace_key, u.edge, u.max_wait, u.run_at is null and u.dedupe_key is null)
        from unnest(p_throttles, p_debounces, p_pace_keys, p_edges, p_max_waits, p_run_ats, p_dedupe_keys)
            u (throttle, debounce, pace_key, edge, max_wait, run_at, dedupe_key)
        where coalesce(u.throttle, u.debounce, u.max_wait) is not null or coalesce(u.pace_key, u.edge) is not null;
    end if;

    if p_dedupe_keys is not null or p_repeated or v_paced then
        -- Before the first item is decided, and in order of key, so that two batches do not wait for each other.
        perform pgconductor._ensure_tasks(p_task_keys, p_queues);
        if v_paced then
            perform pgconductor._take_paces(p_task_keys, p_throttles, p_debounces, p_pace_keys, p_edges);
        end if;
        for v_item in
            select u.*, i.execution_id as made_id, i.disposition as made_how
            from unnest(p_task_keys, p_payloads, p_ids, p_queues, p_run_ats, p_priorities, p_max_attempts, p_dedupe_keys,
                p_trace_parents, p_throttles, p_debounces, p_pace_keys, p_edges, p_max_waits)
                with ordinality u (task_key, payload, id, queue, run_at, priority, max_attempts, dedupe_key, trace_parent,
                    throttle, debounce, pace_key, edge, max_wait, ordinal)
            cross join lateral pgconductor.invoke(u.task_key, u.payload, u.queue, u.run_at, coalesce(u.priority, 0),
                u.max_attempts, u.dedupe_key, p_dedupe_policy, u.id, u.trace_parent, p_repeated, u.throttle, u.debounce, u.pace_key,
                u.edge, u.max_wait) i
        loop
            if v_item.made_how <> 'created' or (v_item.id is null) then
                return query select v_item.ordinal::integer, v_item.made_id::uuid, v_item.made_how::text;
            end if;
        end loop;
        return;
    end if;

    if cardinality(v_ids) is distinct from v_count or array_position(v_ids, null) is not null then
        v_ids := array(
            select coalesce(u.id, pgconductor.uuid_v7())
            from unnest(p_task_keys, p_ids) with ordinality u (task_key, id, ordinal)
            where u.ordinal <= v_count
            order by u.ordinal);
        return query
            select u.ordinal::integer, u.made, 'created'::text
            from unnest(v_ids, p_ids) with ordinality u (made, id, ordinal)
            where u.id is null and u.ordinal <= v_count;
    end if;

    -- Simply new rows of one known task: what invokes that are made at the same time come as. The statement for every kind of batch
    -- takes much longer to start.
    if v_count > 0 and p_queues is null and p_run_ats is null and p_priorities is null and p_max_attempts is null
        and pg_column_compression(p_payloads) is null then
        if p_task_keys = array_fill(p_task_keys[1], array[v_count]) then
            select q.name, t.lane, t.limit_path into v_queue, v_lane, v_path
            from pgconductor.tasks t join pgconductor.queues q on q.name = t.queue
            where t.key = p_task_keys[1];
            if v_queue is not null and v_path is null then
                insert into pgconductor.executions (id, run_at, created_at, large_payload_bytes, queue, lane, task_key, trace_parent, payload)
                select u.id, v_now + (u.ordinal - v_count) * interval '1 microsecond', v_now,
                    case when pg_column_size(u.payload) > 8192 then pg_column_size(u.payload) end, v_queue, v_lane, p_task_keys[1],
                    u.trace_parent, case when pg_column_size(u.payload) <= 8192 then u.payload end
                from unnest(v_ids, p_payloads, p_trace_parents) with ordinality u (id, payload, trace_parent, ordinal)
                where u.ordinal <= v_count;
                if pg_column_size(p_payloads) > 8192 then
                    insert into pgconductor.payloads (execution_id, payload)
                    select u.id, u.payload from unnest(v_ids, p_payloads) u (id, payload) where pg_column_size(u.payload) > 8192
                    on conflict do nothing;
                end if;
                v_woken := pgconductor._wake(v_queue);
                return;
            end if;
        end if;
    end if;

    -- One statement does it when every task and queue is known, which is all but the first time.
    while v_done < v_count loop
        with item as materialized (
            select u.id,
                case when u.run_at > v_now then u.run_at + (u.ordinal - 1) * v_step
                else v_now + (u.ordinal - v_count) * interval '1 microsecond' end as run_at,
                case when pg_column_size(u.payload) > 8192 then pg_column_size(u.payload) end as large,
                coalesce(u.priority, 0) as priority, u.max_attempts, q.name as queue, u.task_key, u.trace_parent, u.payload,
                case when t.limit_path is null or u.run_at > v_now then t.lane
                else coalesce(pgconductor._waiting_lane(u.task_key, t.limit_path, q.name, u.payload), t.lane) end as lane
            from unnest(p_task_keys, p_payloads, v_ids, p_queues, p_run_ats, p_priorities, p_max_attempts, p_trace_parents)
                with ordinality u (task_key, payload, id, queue, run_at, priority, max_attempts, trace_parent, ordinal)
            join pgconductor.tasks t on t.key = u.task_key
            join pgconductor.queues q on q.name = coalesce(u.queue, t.queue)
            where v_only is null or u.ordinal = any (v_only)
        ),
        made as (
            insert into pgconductor.executions (id, run_at, created_at, large_payload_bytes, priority, max_attempts, queue, lane,
                task_key, trace_parent, payload)
            select i.id, i.run_at, v_now, i.large, i.priority, i.max_attempts, i.queue, i.lane, i.task_key, i.trace_parent,
                case when i.large is null then i.payload end
            from item i
        )
        select count(*), count(i.large), array_agg(distinct i.queue) filter (where i.run_at <= v_now)
        into v_made, v_large, v_queues
        from item i;

        v_done := v_done + v_made;
        if v_large > 0 then
            insert into pgconductor.payloads (execution_id, payload)
            select u.id, u.payload
            from unnest(v_ids, p_payloads) with ordinality u (id, payload, ordinal)
            where pg_column_size(u.payload) > 8192
                and exists (select from pgconductor.executions e where e.id = u.id)
                and not exists (select from pgconductor.payloads p where p.execution_id = u.id);
        end if;

        foreach v_queue in array coalesce(v_queues, '{}') loop
            v_woken := pgconductor._wake(v_queue);
        end loop;

        if v_done < v_count then
            -- Tasks nobody knows yet get a row, unknown queues are refused. Then those that are still missing.
            perform pgconductor._ensure_tasks(p_task_keys, p_queues);
            v_only := array(
                select u.ordinal
                from unnest(v_ids) with ordinality u (id, ordinal)
                where not exists (select from pgconductor.executions e where e.id = u.id));
            exit when cardinality(v_only) = 0;
        end if;
    end loop;
end
$$;
