-- Emits many events in the caller's transaction, all or, on an error, none. Parallel arrays, one element an event; see emit_event.
-- Returns the ids in the order given. PC004: a key that cannot be, arrays of unequal length.
create or replace function pgconductor.emit_events(
    p_keys         text[],
    p_payloads     jsonb[],
    p_ids          uuid[] default null,
    p_trace_parent text default null,
    p_repeated     boolean default false)
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
    v_ids uuid[];
begin
    if cardinality(p_keys) is distinct from cardinality(p_payloads)
        or (p_ids is not null and cardinality(p_ids) is distinct from cardinality(p_keys)) then
        perform pgconductor._raise('PC004', format('%s keys, %s payloads and %s ids are not events', cardinality(p_keys),
            cardinality(p_payloads), cardinality(p_ids)), 'Give arrays of equal length.');
    end if;
    perform pgconductor._check_event_key(k) from unnest(p_keys) k;

    select coalesce(array_agg(coalesce(u.id, pgconductor.uuid_v7()) order by u.ordinal), '{}') into v_ids
    from unnest(p_keys, p_ids) with ordinality u (key, id, ordinal);

    -- In the order of what each delivery locks, so that two emitters do not wait for each other; each key's in the order given.
    insert into pgconductor.events (id, emitted_at, repeated, key, trace_parent, payload)
    select u.id, pgconductor.current_time(), p_repeated, u.key, p_trace_parent, coalesce(u.payload, 'null')
    from unnest(v_ids, p_keys, p_payloads) with ordinality u (id, key, payload, ordinal)
    order by hashtext(u.key), u.ordinal
    on conflict do nothing;
    return v_ids;
end
$$;
