-- The queues, with what waits (ready now, later), what runs, and how long the oldest ready execution has been due.
create or replace function pgconductor.list_queues()
returns table (
    name text, paused boolean, partitioned boolean, ready bigint, scheduled bigint, running bigint,
    oldest_due_seconds double precision, workers bigint)
language sql
stable
set search_path = ''
as $$
    with depth as (
        select e.queue, count(*) filter (where e.run_at <= n.now) as ready, count(*) filter (where e.run_at > n.now) as scheduled,
            min(e.run_at) filter (where e.run_at <= n.now) as oldest
        from pgconductor.executions e, (select pgconductor.current_time() as now) n
        group by e.queue
    ),
    held as (
        select l.queue, sum(l.size - cardinality(l.done)) as running from pgconductor.leases l group by l.queue
    )
    select q.name, q.paused, q.partition_name is not null, coalesce(d.ready, 0), coalesce(d.scheduled, 0),
        coalesce(h.running, 0)::bigint, extract(epoch from pgconductor.current_time() - d.oldest)::double precision,
        (select count(*) from pgconductor.workers w where w.queue = q.name)
    from pgconductor.queues q
    left join depth d on d.queue = q.name
    left join held h on h.queue = q.name
    order by q.name
$$;
