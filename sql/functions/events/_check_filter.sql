-- PC004: not a filter of events. p_owner says whose it is. A filter is data and never SQL: see _event_matches.
create or replace function pgconductor._check_filter(p_filter jsonb, p_owner text)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_fault text;
begin
    if p_filter is null or p_filter = 'null' then
        return;
    end if;

    if jsonb_typeof(p_filter) <> 'object' or p_filter - array['contains', 'path'] <> '{}' then
        v_fault := 'it has other parts';
    elsif p_filter ? 'path' and (jsonb_typeof(p_filter -> 'path') <> 'string' or octet_length(p_filter ->> 'path') > 4000) then
        v_fault := 'its path is not a text of at most 4000 bytes';
    elsif p_filter ? 'path' then
        begin
            -- Asked of nothing: whether it can be read, and is a predicate rather than a path to values.
            perform jsonb_path_match('{}', (p_filter ->> 'path')::jsonpath);
        exception
            when others then
                v_fault := sqlerrm;
        end;
    end if;

    if v_fault is not null then
        perform pgconductor._raise('PC004', format('%s cannot have the filter %s: %s', p_owner, left(p_filter::text, 300), v_fault),
            'A filter is {"contains": a JSON value, "path": "a jsonpath predicate, such as $.amount > 100"}.');
    end if;
end
$$;
