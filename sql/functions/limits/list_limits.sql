-- The limited tasks and their keys that have something running, waiting or used, with what each has now: for operators.
--
-- key null: the task itself; else scope 'key', or 'no key' for executions whose payload has none. running: slots held, most: how many
-- there are (null: no limit); held: what the leases say that is held, which is the same unless a counter is wrong (see check_limits).
-- tokens: starts left now, of burst (null: no rate). waiting: executions held back for the key, in all queues, counted up to 1000;
-- opens_in: seconds until the next may start; 0: now; null: when a slot is given back. Those with the most that waits first.
-- p_limit: 1 to 1000.
create or replace function pgconductor.list_limits(p_task_key text default null, p_limit integer default 100)
returns table (
    task_key text, scope text, key text, running integer, held integer, most integer, tokens double precision, burst integer,
    rate_count integer, rate_seconds double precision, waiting bigint, opens_in double precision)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_now timestamptz := pgconductor.current_time();
begin
    if p_limit is null or p_limit not between 1 and 1000 then
        perform pgconductor._raise('PC004', format('a list of %s limits is not possible', coalesce(p_limit::text, 'null')), 'Ask for 1 to 1000.');
    end if;

    return query
    with place as (
        select t.key as task_key, '' as key from pgconductor.tasks t where t.holds and (t.max_running is not null or t.rate_count is not null)
        union
        select l.task_key, l.key from pgconductor.limits l
        union
        select h.task_key, h.key from pgconductor.held_lanes h
    ),
    item as (
        select p.task_key, p.key, coalesce(l.running, 0) as running,
            case when p.key = '' then t.max_running else t.max_running_per_key end as most,
            case when p.key = '' then t.rate_count else t.key_rate_count end as rate_count,
            case when p.key = '' then t.rate_seconds else t.key_rate_seconds end as rate_seconds,
            case when p.key = '' then t.rate_burst else t.key_rate_burst end as burst,
            l.tokens, l.refilled_at, exists (select from pgconductor.held_lanes h where h.task_key = p.task_key and h.key = p.key) as waits
        from place p
        join pgconductor.tasks t on t.key = p.task_key
        left join pgconductor.limits l on l.task_key = p.task_key and l.key = p.key
        where p_task_key is null or p.task_key = p_task_key
    ),
    first as (
        select i.*,
            case when not i.waits then 0 else (
                select count(*)
                from (
                    select from pgconductor.held_lanes h join pgconductor.executions e on e.queue = h.queue and e.lane = h.lane
                    where h.task_key = i.task_key and h.key = i.key
                    limit 1000) x) end as waiting
        from (select i.* from item i order by i.key <> '', not i.waits, i.running desc, i.task_key, i.key limit p_limit) i
    )
    select f.task_key, case when f.key = '' then 'task' when f.key = '-' then 'no key' else 'key' end,
        case when f.key like '=%' then substr(f.key, 2) end, f.running, coalesce(h.slots, 0), f.most, s.tokens, f.burst, f.rate_count, f.rate_seconds, f.waiting,
        extract(epoch from nullif(s.opens_at, 'infinity') - v_now)::double precision
    from first f
    left join pgconductor._held_slots() h on h.task_key = f.task_key and h.key = f.key
    cross join lateral pgconductor._limit_state(f.most, f.rate_count, f.rate_seconds, f.burst, f.running, f.tokens, f.refilled_at, v_now) s
    order by f.task_key, f.key <> '', f.waiting desc, f.running desc, f.key;
end
$$;
