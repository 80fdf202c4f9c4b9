-- Compares the counters of limits with what the leases really hold, and puts right what differs, at most p_limit rows. Returns a row for
-- each counter that was wrong: running is what it said, actual what is true. There should be none, ever: a slot is taken and given
-- back in the transactions that write and end the lease. A task that another session is just claiming is left to the next call.
-- Locks: each limited task's advisory lock (tried).
create or replace function pgconductor.check_limits(p_limit integer default 10000)
returns table (task_key text, key text, running integer, actual integer)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_now   timestamptz := pgconductor.current_time();
    v_tasks text[];
begin
    select array_agg(t.key) into v_tasks
    from (select x.key from pgconductor.tasks x where x.holds order by x.key) t
    where pgconductor._lock_limits(t.key);

    -- One statement, one snapshot: leases, slots given back and counters of one instant.
    return query
    with wrong as materialized (
        select l.task_key, l.key, l.running, coalesce(h.slots, 0) as actual
        from pgconductor.limits l
        left join pgconductor._held_slots() h on h.task_key = l.task_key and h.key = l.key
        where l.task_key = any (v_tasks) and l.running <> coalesce(h.slots, 0)
        limit p_limit
    ),
    corrected as (
        update pgconductor.limits l set running = w.actual
        from wrong w
        where l.task_key = w.task_key and l.key = w.key
    ),
    opened as (
        update pgconductor.held_lanes h set opens_at = v_now
        from wrong w
        where h.task_key = w.task_key and h.key = w.key and h.opens_at = 'infinity'
    )
    select w.task_key, w.key, w.running, w.actual from wrong w;
end
$$;
