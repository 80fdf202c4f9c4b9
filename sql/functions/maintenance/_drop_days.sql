-- Drops the partitions of a history table, or of the log lines, whose day ended before p_today, with the large payloads and the steps they point at. Stops at
-- the first one it cannot lock.
create or replace function pgconductor._drop_days(p_table text, p_today date, out dropped integer, out skipped integer)
language plpgsql
set search_path = ''
as $$
declare
    v_partition name;
begin
    dropped := 0;
    skipped := 0;
    for v_partition in
        select c.relname
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = ('pgconductor.' || p_table)::regclass
            and c.relname ~ ('^' || p_table || '_[0-9]{8}$')
            and to_date(right(c.relname, 8), 'YYYYMMDD') < p_today
        order by c.relname
    loop
        begin
            if p_table <> 'execution_logs' then
                execute format('delete from pgconductor.payloads p using pgconductor.%I h where h.large_payload_bytes is not null and p.execution_id = h.id', v_partition);
                execute format('delete from pgconductor.steps s using pgconductor.%I h where h.flow is not null and s.execution_id = h.id', v_partition);
            end if;
            execute format('drop table pgconductor.%I', v_partition);
            dropped := dropped + 1;
        exception
            when lock_not_available then
                skipped := 1;
                exit;
        end;
    end loop;
end
$$;
