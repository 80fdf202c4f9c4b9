-- Cancels executions that nobody waits for any more, at most p_limit. Several processes may do it at once.
create or replace function pgconductor._cancel_orphans(p_limit integer default 50)
returns integer
language plpgsql
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    v_orphan record;
    v_count  integer := 0;
begin
    for v_orphan in
        delete from pgconductor.orphans o
        -- By their places, and not read as a whole for them because the table was empty when the plan was made.
        where o.ctid = any (array(select x.ctid from pgconductor.orphans x limit p_limit for update skip locked))
        returning o.execution_id, o.reason
    loop
        perform pgconductor.cancel_execution(v_orphan.execution_id, v_orphan.reason);
        v_count := v_count + 1;
    end loop;
    return v_count;
end
$$;
