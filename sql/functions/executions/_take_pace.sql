-- Locks the row of a pace until the transaction ends, makes it if there is none, and returns it: callers at the same time
-- are decided one after the other. A new row has no window (closes_at -infinity). Locks: one row of paces.
create or replace function pgconductor._take_pace(p_task_key text, p_key text, p_kind text, p_edge text, p_now timestamptz)
returns pgconductor.paces
language plpgsql
set search_path = ''
as $$
declare
    v_pace pgconductor.paces;
begin
    insert into pgconductor.paces as p (task_key, key, kind, edge, execution_id, queue, opened_at, closes_at, forget_at)
    values (p_task_key, p_key, p_kind, p_edge, '00000000-0000-0000-0000-000000000000', '', p_now, '-infinity',
        pgconductor._forget_pace_at(p_now))
    on conflict (task_key, key, kind, edge) do update set execution_id = p.execution_id
    returning p.* into v_pace;
    return v_pace;
end
$$;
