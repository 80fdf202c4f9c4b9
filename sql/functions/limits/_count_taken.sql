-- Counts executions of a limited task that start, one element of p_keys each: as running and as tokens used, of their keys and of the
-- task itself, as far as those are limited. The caller has the task's lock, and looked that there is room.
-- Planner: see _open_limits.
create or replace function pgconductor._count_taken(p_task pgconductor.tasks, p_keys text[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    insert into pgconductor.limits as l (task_key, key, running, tokens, refilled_at)
    select p_task.key, k.key, case when k.most is null then 0 else k.n end, s.tokens - k.n, case when k.count is not null then p_now end
    from (
        select '' as key, cardinality(p_keys) as n, p_task.max_running as most, p_task.rate_count as count,
            p_task.rate_seconds as seconds, p_task.rate_burst as burst
        where p_task.max_running is not null or p_task.rate_count is not null
        union all
        select u.key, count(*)::integer, p_task.max_running_per_key, p_task.key_rate_count, p_task.key_rate_seconds, p_task.key_rate_burst
        from unnest(p_keys) u (key)
        where p_task.max_running_per_key is not null or p_task.key_rate_count is not null
        group by u.key
    ) k
    left join lateral (
        select x.running, x.tokens, x.refilled_at from pgconductor.limits x where x.task_key = p_task.key and x.key = k.key limit 1) o on true
    cross join lateral pgconductor._limit_state(k.most, k.count, k.seconds, k.burst, o.running, o.tokens, o.refilled_at, p_now) s
    on conflict (task_key, key) do update
    set running = l.running + excluded.running, tokens = excluded.tokens, refilled_at = greatest(l.refilled_at, excluded.refilled_at);
end
$$;
