-- Deletes up to p_limit failures of events that are older than 14 days.
create or replace function pgconductor._delete_old_failures(p_limit integer)
returns bigint
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
    v_deleted bigint;
begin
    delete from pgconductor.event_failures f
    where f.ctid = any (array(
        select x.ctid from pgconductor.event_failures x
        where x.failed_at < pgconductor.current_time() - interval '14 days'
        order by x.failed_at limit p_limit for update skip locked));
    get diagnostics v_deleted = row_count;
    return v_deleted;
end
$$;
