-- Of the locked rows, moves those of tasks that the claimer does not serve into lanes of their own (each row once in
-- its life), where they no longer stand in anybody's way. Returns the rows that remain. A task somebody else is just
-- changing keeps its lane until another claim comes by: a claim waits for nobody, so it is in no deadlock.
create or replace function pgconductor._relane_unknown(p_queue text, p_rows tid[], p_task_keys text[])
returns tid[]
language plpgsql
set search_path = ''
-- By tid; see _delete_rows.
set enable_indexscan = off
set jit = off
as $$
declare
    -- Tasks whose own lane has not the ordinary name; parallel arrays.
    v_named text[];
    v_lanes text[];
begin
    select array_agg(t.key), array_agg(t.lane) into v_named, v_lanes
    from pgconductor.tasks t
    where t.lane <> '' and t.lane <> t.key;

    with moved as (
        update pgconductor.executions e set lane = coalesce(v_lanes[array_position(v_named, e.task_key)], e.task_key)
        where e.queue = p_queue and e.ctid = any (p_rows) and e.task_key <> all (p_task_keys)
            and e.lane <> coalesce(v_lanes[array_position(v_named, e.task_key)], e.task_key)
        returning e.task_key
    )
    update pgconductor.tasks t set lane = t.key
    where t.key in (
        select x.key from pgconductor.tasks x
        where x.lane = '' and x.key in (select m.task_key from moved m)
        for update skip locked);

    return (
        select array_agg(e.row order by e.run_at)
        from pgconductor._rows_at(p_queue, p_rows) e
        where e.task_key = any (p_task_keys));
end
$$;
