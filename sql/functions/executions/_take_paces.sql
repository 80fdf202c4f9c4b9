-- Locks the paces of all items of a batch before the first of them is decided, in order of key, so that two batches do not
-- wait for each other. What a leading throttle drops anyway is not locked (see _invoke_paced). Locks: rows of paces.
create or replace function pgconductor._take_paces(
    p_task_keys text[],
    p_throttles interval[],
    p_debounces interval[],
    p_pace_keys text[],
    p_edges     text[])
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_now  timestamptz := pgconductor.current_time();
    v_item record;
begin
    for v_item in
        select distinct u.task_key collate "C" as task_key, coalesce(u.pace_key, '') collate "C" as key,
            case when u.throttle is not null then 'throttle' else 'debounce' end as kind,
            coalesce(u.edge, case when u.throttle is not null then 'leading' else 'trailing' end) as edge
        from unnest(p_task_keys, p_throttles, p_debounces, p_pace_keys, p_edges) u (task_key, throttle, debounce, pace_key, edge)
        where u.throttle is not null or u.debounce is not null
        order by 1, 2, 3, 4
    loop
        continue when v_item.kind = 'throttle' and v_item.edge = 'leading' and exists (
            select from pgconductor.paces p
            where p.task_key = v_item.task_key and p.key = v_item.key and p.kind = 'throttle' and p.edge = 'leading'
                and p.closes_at > v_now);
        perform pgconductor._take_pace(v_item.task_key, v_item.key, v_item.kind, v_item.edge, v_now);
    end loop;
end
$$;
