-- PC004: not the key of an event.
create or replace function pgconductor._check_event_key(p_key text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    if p_key is null or p_key = '' or octet_length(p_key) > 400 then
        perform pgconductor._raise('PC004', format('"%s" cannot be the key of an event', left(coalesce(p_key, 'null'), 100)),
            'A key is 1 to 400 bytes long.');
    end if;
end
$$;
