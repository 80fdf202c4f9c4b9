-- The places of a claim (see _find_due) with those of limited tasks among them: each priority that is in one of the given lanes, from its
-- start, highest priority first. Among equals in random order, but a task's lanes together and as given: they share what one lane
-- gets. opens: which of the given lanes it is; null: it was there. empty: the given lanes that hold nothing.
--
-- Planner: see _find_due.
create or replace function pgconductor._limited_places(
    p_queue      text,
    p_lanes      text[],
    p_priorities smallint[],
    p_starts     timestamptz[],
    p_open_lanes text[],
    p_open_tasks text[],
    out lanes      text[],
    out priorities smallint[],
    out starts     timestamptz[],
    out opens      integer[],
    out empty      integer[])
language plpgsql
set search_path = ''
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_below    integer;
    v_priority smallint;
begin
    lanes := p_lanes;
    priorities := p_priorities;
    starts := p_starts;
    opens := array_fill(null::integer, array[cardinality(p_lanes)]);
    empty := '{}';
    for v_open in 1..cardinality(p_open_lanes) loop
        v_below := 32768;
        loop
            select e.priority into v_priority
            from pgconductor.executions e
            where e.queue = p_queue and e.lane = p_open_lanes[v_open] and e.priority < v_below
            order by e.queue, e.lane, e.priority desc
            limit 1;
            exit when not found;
            v_below := v_priority;
            lanes := lanes || p_open_lanes[v_open];
            priorities := priorities || v_priority;
            starts := starts || timestamptz '-infinity';
            opens := opens || v_open;
        end loop;
        if v_below = 32768 then
            empty := empty || v_open;
        end if;
    end loop;

    select coalesce(array_agg(s.lane order by s.priority desc, s.turn, s.task, s.open), '{}'),
        coalesce(array_agg(s.priority order by s.priority desc, s.turn, s.task, s.open), '{}'),
        coalesce(array_agg(s.start order by s.priority desc, s.turn, s.task, s.open), '{}'),
        coalesce(array_agg(s.open order by s.priority desc, s.turn, s.task, s.open), '{}')
    into lanes, priorities, starts, opens
    from (
        select u.lane, u.priority, u.start, u.open, u.task, first_value(u.turn) over (partition by u.task) as turn
        from (
            select x.*, coalesce(p_open_tasks[x.open], x.lane) as task, random() as turn
            from unnest(lanes, priorities, starts, opens) x (lane, priority, start, open)
        ) u
    ) s;
end
$$;
