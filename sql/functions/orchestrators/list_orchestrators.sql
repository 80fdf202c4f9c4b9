-- The processes that are known, with what they serve and hold.
create or replace function pgconductor.list_orchestrators()
returns table (
    id uuid, name text, version text, schema_version integer, started_at timestamptz, last_heartbeat_at timestamptz,
    silent_seconds double precision, draining boolean, queues text[], leases bigint, running bigint)
language sql
stable
set search_path = ''
as $$
    select o.id, o.name, o.version, o.schema_version, o.started_at, o.last_heartbeat_at,
        extract(epoch from pgconductor.current_time() - o.last_heartbeat_at)::double precision, o.draining,
        coalesce((select array_agg(w.queue order by w.queue) from pgconductor.workers w where w.orchestrator_id = o.id), '{}'),
        h.leases, h.running
    from pgconductor.orchestrators o
    cross join lateral (
        select count(*) as leases, coalesce(sum(l.size - cardinality(l.done)), 0)::bigint as running
        from pgconductor.leases l where l.orchestrator_id = o.id
    ) h
    order by o.started_at, o.id
$$;
