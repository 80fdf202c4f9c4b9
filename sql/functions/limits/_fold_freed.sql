-- Counts the slots of a task that were given back, at most 1000 outcomes of them, and opens the lanes that wait for them. The
-- caller has the task's lock.
create or replace function pgconductor._fold_freed(p_task_key text, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_keys  text[];
    v_slots integer[];
    v_rows  tid[];
begin
    -- In arrays: whatever is joined to a table that was empty when the plan was made may be read as a whole ever after.
    with gone as (
        delete from pgconductor.freed_slots f
        where f.ctid = any (array(select x.ctid from pgconductor.freed_slots x where x.task_key = p_task_key limit 1000))
        returning f.key, f.slots
    )
    select array_agg(g.key), array_agg(g.slots)
    into v_keys, v_slots
    from (select x.key, sum(x.slots)::integer as slots from gone x group by x.key) g;

    if v_keys is null then
        return;
    end if;

    -- One by one: while the table is empty, all rows of the task seem to be fewer than so many keys.
    v_rows := array(
        select x.ctid
        from unnest(v_keys) u (key)
        cross join lateral (
            select y.ctid from pgconductor.limits y where y.task_key = p_task_key and y.key = u.key limit 1) x);

    -- A key that runs nothing any more needs no row, unless it has a rate.
    delete from pgconductor.limits l
    where l.ctid = any (v_rows) and l.running <= v_slots[array_position(v_keys, l.key)] and l.tokens is null;

    update pgconductor.limits l set running = greatest(l.running - v_slots[array_position(v_keys, l.key)], 0)
    where l.ctid = any (v_rows);

    -- In the order of the primary key, for which the key must not be a constant: while the table is empty, the other index, which
    -- has the task too, costs the same.
    update pgconductor.held_lanes h set opens_at = p_now
    where h.ctid = any (array(
        select x.ctid
        from unnest(v_keys) u (key)
        cross join lateral (
            select y.ctid from pgconductor.held_lanes y
            where y.task_key = p_task_key and y.key between u.key and u.key and y.opens_at = 'infinity'
            order by y.task_key, y.key) x));
end
$$;
