-- Deletes up to p_limit rows of paces whose windows and bursts are long over. One that somebody is just using stays.
create or replace function pgconductor._delete_old_paces(p_limit integer)
returns bigint
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
    v_deleted bigint;
begin
    delete from pgconductor.paces p
    where p.ctid = any (array(
        select x.ctid from pgconductor.paces x
        where x.forget_at <= pgconductor.current_time()
        order by x.forget_at limit p_limit for update skip locked));
    get diagnostics v_deleted = row_count;
    return v_deleted;
end
$$;
