-- The lane in which the executions of a limited task's key wait when they are held back. Short, because it is in every entry
-- of the claim's index; it begins with a character of its own, so that all of them can be passed over at once.
create or replace function pgconductor._held_lane(p_task_key text, p_key text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
    return E'\x01' || substr(md5(p_task_key || E'\x01' || p_key), 1, 20);
end
$$;
