-- The slots of limits that are held, by task and key ('' the task's own): what running executions hold as the leases say it, and what
-- was given back but not counted by a claim yet. That is what limits.running must say. Stable: it sees what the statement sees that
-- calls it, so counters compared with it are of the same instant.
create or replace function pgconductor._held_slots()
returns table (task_key text, key text, slots integer)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
        select h.task_key, h.key, sum(h.slots)::integer
        from (
            select u.task_key, k.key, 1 as slots
            from pgconductor.leases l
            cross join lateral unnest(l.task_keys, l.extras) with ordinality u (task_key, extra, position)
            cross join lateral jsonb_array_elements_text(u.extra -> 'limits') k (key)
            where l.limited <> '{}' and u.position::smallint = any (l.limited) and u.position::smallint <> all (l.done)
            union all
            select f.task_key, f.key, f.slots from pgconductor.freed_slots f
        ) h
        group by h.task_key, h.key;
end
$$;
