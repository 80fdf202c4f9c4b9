-- Whether a document passes a filter: {"contains": a value it must contain (jsonb's @>), "path": a jsonpath predicate that must
-- be true}. A filter is data: nothing of it is run as SQL. What is missing, or of another type than compared with, does not match.
create or replace function pgconductor._event_matches(p_filter jsonb, p_document jsonb)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
    if p_filter is null then
        return true;
    end if;
    if p_filter ? 'contains' and not p_document @> (p_filter -> 'contains') then
        return false;
    end if;
    return not p_filter ? 'path' or coalesce(jsonb_path_match(p_document, (p_filter ->> 'path')::jsonpath, '{}', true), false);
end
$$;
