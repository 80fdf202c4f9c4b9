-- Raises an error of ours: SQLSTATE class PC, a message that names the value, a hint that names the remedy.
-- docs/reference/errors.md lists the codes; clients branch on the code, never on the text.
create or replace function pgconductor._raise(p_code text, p_message text, p_hint text)
returns void
language plpgsql
set search_path = ''
as $$
begin
    raise exception using errcode = p_code, message = p_message, hint = p_hint;
end
$$;
