-- How the history's partitions stand: days_ahead, how many days from today on have theirs; overdue, how many whose day is over are still
-- there; oldest, the day of the oldest of those; in_default, how many rows wait in the default partition (counted up to 100001). After a
-- call of maintain all is well: something ahead, nothing overdue. log lines have partitions only while a task keeps some.
create or replace function pgconductor.maintenance_status()
returns table (table_name text, days_ahead integer, overdue integer, oldest date, in_default bigint)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_today date := (pgconductor.current_time() at time zone 'UTC')::date;
begin
    foreach table_name in array array['completed_executions', 'failed_executions', 'execution_logs'] loop
        select count(*) filter (where d.day >= v_today), count(*) filter (where d.day < v_today), min(d.day) filter (where d.day < v_today)
        into days_ahead, overdue, oldest
        from (
            select to_date(right(c.relname, 8), 'YYYYMMDD') as day
            from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = ('pgconductor.' || table_name)::regclass and c.relname ~ ('^' || table_name || '_[0-9]{8}$')
        ) d;
        execute format('select count(*) from (select from pgconductor.%I limit 100001) x', table_name || '_default') into in_default;
        return next;
    end loop;
end
$$;
