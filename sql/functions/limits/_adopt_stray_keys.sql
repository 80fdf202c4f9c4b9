-- Called with every heartbeat, for the queues and tasks of one process: a bounded look for what should not be. Rows in a lane of a key
-- that has lost its mark go back to their tasks' lanes, at most 1000 a lane: of 20 lanes, from a place that is another each time.
-- And tasks whose limits are gone, and of which nothing is held and nothing counted any more, go the way of ordinary ones again.
create or replace function pgconductor._adopt_stray_keys(p_orchestrator_id uuid)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    v_queue text;
    v_lane  text := E'\x01' || md5(random()::text);
    v_row   record;
begin
    if not exists (
        select from pgconductor.workers w join pgconductor.tasks t on t.holds and t.key = any (w.task_keys)
        where w.orchestrator_id = p_orchestrator_id) then
        return;
    end if;

    for v_queue in select w.queue from pgconductor.workers w where w.orchestrator_id = p_orchestrator_id loop
        for v_look in 1..20 loop
            -- One of its rows says whose lane it is.
            select e.lane, e.task_key, coalesce(e.payload, (select p.payload from pgconductor.payloads p where p.execution_id = e.id)) as payload
            into v_row
            from pgconductor.executions e
            where e.queue = v_queue and e.lane > v_lane and e.lane < E'\x02'
            order by e.queue, e.lane
            limit 1;
            exit when not found;

            v_lane := v_row.lane;
            continue when exists (
                select from pgconductor.tasks t join pgconductor.held_lanes h on h.task_key = t.key
                where t.key = v_row.task_key and t.limit_path is null)
                or exists (
                select from pgconductor.tasks t join pgconductor.held_lanes h on h.task_key = t.key
                where t.key = v_row.task_key and h.key = pgconductor._limit_key(v_row.payload #>> t.limit_path) and h.queue || '' = v_queue);

            update pgconductor.executions e set lane = coalesce((select t.lane from pgconductor.tasks t where t.key = e.task_key), e.task_key)
            from (
                select x.id
                from pgconductor.executions x
                where x.queue = v_queue and x.lane = v_lane
                limit 1000
                for update skip locked
            ) s
            where e.id = s.id and e.queue = v_queue;
        end loop;
    end loop;

    update pgconductor.tasks t set holds = false
    where t.key in (
        select x.key
        from pgconductor.tasks x
        join pgconductor.workers w on w.orchestrator_id = p_orchestrator_id and x.key = any (w.task_keys)
        where x.holds and x.limit_path is null and x.max_running is null and x.rate_count is null
            and not exists (select from pgconductor.held_lanes h where h.task_key = x.key)
            and not exists (select from pgconductor.limits l where l.task_key = x.key and l.running > 0)
            and not exists (select from pgconductor.freed_slots f where f.task_key = x.key)
        for update of x skip locked);
end
$$;
