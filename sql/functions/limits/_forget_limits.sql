-- Deletes what limits do not need any more: up to p_limit counters of keys that run nothing and have a full bucket (or none), and as many
-- slots given back to tasks that have no limits now. Returns how many rows. A task that another session is just claiming is left
-- to the next call. Locks: the advisory locks (tried) of those tasks only that have something to forget.
create or replace function pgconductor._forget_limits(p_limit integer)
returns bigint
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
    v_now       timestamptz := pgconductor.current_time();
    v_task      record;
    v_rows      tid[];
    v_count     bigint;
    v_forgotten bigint := 0;
begin
    -- After so long without a start a bucket is full.
    for v_task in
        select t.key,
            make_interval(secs => least(coalesce(t.rate_burst * t.rate_seconds / t.rate_count, 0), 3155760000)) as own_full,
            make_interval(secs => least(coalesce(t.key_rate_burst * t.key_rate_seconds / t.key_rate_count, 0), 3155760000)) as key_full
        from pgconductor.tasks t
        where t.holds
        order by t.key
    loop
        exit when v_forgotten >= p_limit;
        v_rows := array(
            select l.ctid from pgconductor.limits l
            where l.task_key = v_task.key and l.running = 0
                and (l.tokens is null or l.refilled_at + case when l.key = '' then v_task.own_full else v_task.key_full end <= v_now)
            limit p_limit - v_forgotten);
        continue when v_rows = '{}' or not pgconductor._lock_limits(v_task.key);

        -- Once more, because only now nobody else changes them.
        delete from pgconductor.limits l
        where l.ctid = any (v_rows) and l.task_key = v_task.key and l.running = 0
            and (l.tokens is null or l.refilled_at + case when l.key = '' then v_task.own_full else v_task.key_full end <= v_now);
        get diagnostics v_count = row_count;
        v_forgotten := v_forgotten + v_count;
    end loop;

    -- Those of limited tasks are the next claim's.
    delete from pgconductor.freed_slots f
    where f.ctid = any (array(
        select x.ctid from pgconductor.freed_slots x
        where not exists (select from pgconductor.tasks t where t.key = x.task_key and t.holds)
        limit p_limit));
    get diagnostics v_count = row_count;
    return v_forgotten + v_count;
end
$$;
