-- Deletes up to p_limit expired rows from the default partition of the log lines.
create or replace function pgconductor._delete_old_logs(p_limit integer)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
    v_deleted bigint;
begin
    delete from pgconductor.execution_logs_default l
    where l.ctid = any (array(
        select x.ctid
        from pgconductor.execution_logs_default x
        where x.expires_at <= pgconductor.current_time()
        order by x.expires_at
        limit p_limit
        for update skip locked));
    get diagnostics v_deleted = row_count;
    return v_deleted;
end
$$;
