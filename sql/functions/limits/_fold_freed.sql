-- Counts the slots of a task that were given back, at most 1000 outcomes of them, and opens the lanes that wait for them. The
-- caller has the task's lock.
create or replace function pgconductor._fold_freed(p_task_key text, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    with gone as (
        delete from pgconductor.freed_slots f
        where f.ctid = any (array(select x.ctid from pgconductor.freed_slots x where x.task_key = p_task_key limit 1000))
        returning f.key, f.slots
    ),
    freed as materialized (
        select g.key, sum(g.slots)::integer as slots from gone g group by g.key
    ),
    -- A key that runs nothing any more needs no row, unless it has a rate.
    idle as (
        delete from pgconductor.limits l
        using freed f
        where l.task_key = p_task_key and l.key = f.key and l.running <= f.slots and l.tokens is null
    ),
    counted as (
        update pgconductor.limits l set running = greatest(l.running - f.slots, 0)
        from freed f
        where l.task_key = p_task_key and l.key = f.key and (l.running > f.slots or l.tokens is not null)
    )
    update pgconductor.held_lanes h set opens_at = p_now
    from freed f
    where h.task_key = p_task_key and h.key = f.key and h.opens_at = 'infinity';
end
$$;
