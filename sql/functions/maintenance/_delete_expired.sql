-- Deletes up to p_limit expired rows from the default partition of a history table, with their large payloads and steps.
create or replace function pgconductor._delete_expired(p_table text, p_limit integer)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
    v_deleted bigint;
    v_stepped uuid[];
begin
    execute format($sql$
        with gone as (
            delete from pgconductor.%1$I h
            where h.ctid = any (array(
                select x.ctid from pgconductor.%1$I x where x.expires_at <= $1 order by x.expires_at limit $2 for update skip locked))
            returning h.id, h.large_payload_bytes, h.flow
        ),
        forgotten as (
            delete from pgconductor.payloads p using gone g where g.large_payload_bytes is not null and p.execution_id = g.id
        )
        select count(*), array_agg(g.id) filter (where g.flow is not null) from gone g
        $sql$, p_table || '_default')
    into v_deleted, v_stepped
    using pgconductor.current_time(), p_limit;

    -- On its own, so that nobody without steps pays for a look at them.
    if v_stepped is not null then
        delete from pgconductor.steps s where s.execution_id = any (v_stepped);
    end if;
    return v_deleted;
end
$$;
