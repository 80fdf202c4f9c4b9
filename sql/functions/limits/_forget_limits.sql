-- Deletes what limits do not need any more, up to p_limit rows of each: counters of keys that run nothing and have a full bucket (or
-- none), and slots given back to limits that are gone. Returns how many rows. A task that another session is just claiming is left
-- to the next call. Locks: each limited task's advisory lock (tried).
create or replace function pgconductor._forget_limits(p_limit integer)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
    v_now      timestamptz := pgconductor.current_time();
    v_tasks    text[];
    v_counters bigint;
    v_slots    bigint;
begin
    select array_agg(t.key) into v_tasks
    from (select x.key from pgconductor.tasks x where x.holds order by x.key) t
    where pgconductor._lock_limits(t.key);

    delete from pgconductor.limits l
    where l.ctid = any (array(
        select x.ctid
        from pgconductor.limits x
        join pgconductor.tasks t on t.key = x.task_key
        where x.task_key = any (v_tasks) and x.running = 0
            and (x.tokens is null or x.refilled_at + make_interval(secs => least(case when x.key = ''
                then coalesce(t.rate_burst * t.rate_seconds / t.rate_count, 0)
                else coalesce(t.key_rate_burst * t.key_rate_seconds / t.key_rate_count, 0) end, 3155760000)) <= v_now)
        limit p_limit));
    get diagnostics v_counters = row_count;

    delete from pgconductor.freed_slots f
    where f.ctid = any (array(
        select x.ctid from pgconductor.freed_slots x
        where not exists (select from pgconductor.limits l where l.task_key = x.task_key and l.key = x.key)
            and not exists (select from pgconductor.tasks t where t.key = x.task_key and t.holds and t.key <> all (coalesce(v_tasks, '{}')))
        limit p_limit));
    get diagnostics v_slots = row_count;
    return v_counters + v_slots;
end
$$;
