-- Locks the keys of the events that results of outcomes begin to wait for, in order, until the transaction ends: see _deliver_event.
create or replace function pgconductor._lock_awaited_keys(p_results jsonb[])
returns void
language plpgsql
set search_path = ''
as $$
begin
    perform pg_advisory_xact_lock(1885823589, k.hash)
    from (
        select distinct hashtext(w ->> 'key') as hash
        from unnest(p_results) r
        cross join lateral jsonb_array_elements(case when jsonb_typeof(r -> 'waits') = 'array' then r -> 'waits' else '[]' end) w
        where w ->> 'kind' = 'event'
        order by 1
    ) k;
end
$$;
