-- The key of limits for what a payload has at a task's limit_path: "=" and the text; "-" for none: those without a key share one.
-- Longer than 200 bytes: its beginning and a hash, which is as good for telling keys apart.
create or replace function pgconductor._limit_key(p_value text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
    return case
        when p_value is null then '-'
        when octet_length(p_value) <= 200 then '=' || p_value
        else '=' || left(p_value, 40) || '~' || md5(p_value)
    end;
end
$$;
