-- How many executions wait in each of the queues: ready (due), scheduled (due later), waiting (for more than time). Counts at most p_limit of a
-- queue, so that it can be asked every few seconds whatever lies there: a queue deeper than that shows p_limit in all.
create or replace function pgconductor.queue_depths(p_queues text[], p_limit integer default 100000)
returns table (queue text, ready bigint, scheduled bigint, waiting bigint)
language sql
stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
    select q.name, count(*) filter (where e.run_at <= n.now), count(*) filter (where e.run_at > n.now and e.run_at < 'infinity'),
        count(*) filter (where e.run_at = 'infinity')
    from (select pgconductor.current_time() as now) n
    cross join unnest(p_queues) q (name)
    left join lateral (
        select x.run_at
        from pgconductor.executions x
        where x.queue = q.name
        order by x.queue, x.lane, x.priority desc, x.run_at
        limit least(greatest(p_limit, 1), 1000000)
    ) e on true
    group by q.name
$$;
