-- How long the oldest execution that could be claimed now has been due, for each queue that has one; p_queues null: all.
-- What is held back on purpose does not count: paused queues, paused tasks, tasks outside their window or at their limits, keys that
-- are held back. What nobody serves does. Made for health checks: an index probe a (queue, lane, priority), whatever lies in the table.
create or replace function pgconductor.oldest_due(p_queues text[] default null)
returns table (queue text, due_seconds double precision)
language sql
stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
    select q.name, max(extract(epoch from n.now - d.run_at))::double precision
    from (select pgconductor.current_time() as now) n
    cross join pgconductor.queues q
    cross join lateral (
        -- The places of the queue, one probe each (a loose scan; PostgreSQL 15 has no skip scan).
        with recursive place as (
            (select f.lane, f.priority
             from (
                (select e.lane, e.priority, 1 as turn
                 from pgconductor.executions e
                 where e.queue = q.name and e.lane = ''
                 order by e.queue, e.lane, e.priority desc
                 limit 1)
                union all
                (select e.lane, e.priority, 2
                 from pgconductor.executions e
                 where e.queue = q.name and e.lane > E'\x02'
                 order by e.queue, e.lane, e.priority desc
                 limit 1)
                order by turn
                limit 1) f)
            union all
            select x.lane, x.priority
            from place p
            cross join lateral (
                (select e.lane, e.priority, 1 as turn
                 from pgconductor.executions e
                 where e.queue = q.name and e.lane = p.lane and e.priority < p.priority
                 order by e.queue, e.lane, e.priority desc
                 limit 1)
                union all
                (select e.lane, e.priority, 2
                 from pgconductor.executions e
                 -- Past the lanes of keys that are held back, however many there are.
                 where e.queue = q.name and e.lane > greatest(p.lane, E'\x02')
                 order by e.queue, e.lane, e.priority desc
                 limit 1)
                order by turn
                limit 1
            ) x
        )
        select p.lane, p.priority from place p
    ) p
    cross join lateral (
        select e.run_at
        from pgconductor.executions e
        where e.queue = q.name and e.lane = p.lane and e.priority = p.priority and e.run_at <= n.now
        order by e.run_at
        limit 1
    ) d
    where not q.paused
        and (p_queues is null or q.name = any (p_queues))
        and not exists (
            select from pgconductor.tasks t
            left join pgconductor.limits l on l.task_key = t.key and l.key = ''
            cross join lateral pgconductor._limit_state(t.max_running, t.rate_count, t.rate_seconds, t.rate_burst, l.running, l.tokens,
                l.refilled_at, n.now) s
            -- Whichever of its own lanes this is (_own_lane): keys have no control characters.
            where t.key = ltrim(p.lane, E'\x02')
                and (t.paused or s.room = 0 or not pgconductor._window_open(t.week_open, t.time_zone, n.now)))
    group by q.name
$$;
