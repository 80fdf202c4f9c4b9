-- Claims up to p_limit due executions of a queue for one orchestrator: deletes them from executions and writes one
-- lease. Only tasks that this orchestrator registered for the queue (register_worker) are taken.
--
-- Touches O(p_limit) rows whatever lies in the table. It asks the index for one (lane, priority) at a time, highest
-- priority first, and lanes of equal priority get equal shares. p_position is what the last claim returned: where
-- each (lane, priority) was left, so that the entries of rows already gone are not walked again while an old
-- transaction keeps them from being cleaned up. Pass null now and then, and whenever a claim came back empty:
-- then everything is looked at from the start, and late arrivals are found. Where that takes long, ask find_late_arrivals instead.
--
-- Returns a row an execution; the first one carries the next p_position. steps: null for one that has none, the JSON null
-- when they are too many to come along (ask load_steps), else an array of [name, kind, state, result, started, finished,
-- ordinal, child]: state done, failed, waiting or expired, times in microseconds since 1970 (finished of one that is waited
-- for: its deadline). closes_in: the seconds until the windows of its task close (null: they do not); the worker hands it back
-- at its next step then. Nothing due: one row without a lease that says in how many seconds something may be, because its time comes
-- or because its task's window opens (null: nothing is waiting), and of one that looked from the start a p_position to go on from.
-- Locks: rows of executions (skip locked), then one new row of leases.
create or replace function pgconductor.claim_executions(
    p_orchestrator_id uuid,
    p_queue           text,
    p_limit           integer,
    p_max_bytes       bigint default 4194304,
    p_position        jsonb default null)
returns table (
    lease_id      bigint,
    "position"    integer,
    id            uuid,
    task_key      text,
    attempt       integer,
    max_attempts  integer,
    run_at        timestamptz,
    created_at    timestamptz,
    trace_parent  text,
    payload       jsonb,
    next_position jsonb,
    next_due_in   double precision,
    steps         jsonb,
    closes_in     double precision)
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    v_keys    text[];
    v_lanes   text[] := '{""}';
    v_open    text[];
    v_closed  text[];
    v_paused  boolean;
    v_own     boolean;
    v_windows boolean;
    v_now     timestamptz := pgconductor.current_time();
    v_work    record;
begin
    select w.task_keys, q.paused, exists (select from pgconductor.tasks t where t.lane <> '' and t.key = any (w.task_keys))
    into v_keys, v_paused, v_own
    from pgconductor.workers w join pgconductor.queues q on q.name = w.queue
    where w.orchestrator_id = p_orchestrator_id and w.queue = p_queue;

    if not found then
        perform pgconductor._raise('PC001',
            format('orchestrator %s is not registered for queue "%s"', p_orchestrator_id, p_queue),
            'It was taken over after missing its heartbeats, or never called register_orchestrator and register_worker: register again.');
    end if;

    if v_paused then
        return;
    end if;

    -- The shared lane, and the own lanes of our tasks that are open now. Closed lanes are not even asked.
    if v_own then
        select array_agg(distinct s.lane) filter (where s.open), array_agg(s.key) filter (where not s.open), bool_or(s.windowed)
        into v_open, v_closed, v_windows
        from (
            select t.key, t.lane, t.week_open is not null as windowed,
                not t.paused and pgconductor._window_open(t.week_open, t.time_zone, v_now) as open
            from pgconductor.tasks t
            where t.lane <> '' and t.key = any (v_keys)
        ) s;
        v_lanes := v_lanes || v_open;

        -- A task that is held back now may have rows in the shared lane, from before: they are moved out like unknown ones.
        if v_closed is not null then
            v_keys := array(select k from unnest(v_keys) k where k <> all (v_closed));
        end if;
    end if;

    v_work := pgconductor._find_due(p_queue, v_lanes, v_keys, p_limit, p_max_bytes, p_position, v_now);
    if cardinality(v_work.due) > 0 and v_windows then
        return query
            with leased as materialized (
                select * from pgconductor._lease_rows(p_orchestrator_id, p_queue, v_work.due, v_now, v_work.next_position)
            ),
            closing as materialized (
                select t.key, extract(epoch from pgconductor._window_change(t.week_open, t.time_zone, v_now) - v_now)::double precision as seconds
                from pgconductor.tasks t
                where t.week_open is not null and t.key in (select l.task_key from leased l)
            )
            select l.*, c.seconds from leased l left join closing c on c.key = l.task_key order by l.position;
    elsif cardinality(v_work.due) > 0 then
        return query
            select l.*, null::double precision
            from pgconductor._lease_rows(p_orchestrator_id, p_queue, v_work.due, v_now, v_work.next_position) l;
    elsif p_position is null or v_work.next_due_in is not null then
        next_due_in := v_work.next_due_in;
        if p_position is null then
            -- Nothing is due before now. What commits a little late is looked for a little behind.
            next_position := (select jsonb_agg(jsonb_build_array(l, 0, v_now - interval '1 second')) from unnest(v_lanes) l);
        end if;
        if v_windows and v_closed is not null and p_position is null then
            next_due_in := least(next_due_in, pgconductor._opens_in(p_queue, v_closed, v_now));
        end if;
        return next;
    end if;
end
$$;
