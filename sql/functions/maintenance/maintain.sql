-- Housekeeping of the history and of log lines, safe to call by anyone at any time: deletes expired rows from the default partitions, old
-- failures of events, paces that are over, and counters of limits that nothing needs any more, at most p_limit of each, drops the
-- partitions whose day is over, and makes those for the days ahead: p_days_ahead of them, or as many as the longest retention of any
-- task needs (up to 100: what is kept for longer waits in the default partition until its day comes near). Only one caller works at a
-- time; the others return at once. Waits 200 ms for the first lock it cannot have, then leaves the rest of that table to the next call
-- (skipped): nobody waits behind housekeeping for longer than that.
create or replace function pgconductor.maintain(
    p_days_ahead integer default 16,
    p_limit      integer default 10000,
    out created  integer,
    out dropped  integer,
    out deleted  bigint,
    out skipped  integer)
language plpgsql
set search_path = ''
set lock_timeout = '200ms'
as $$
declare
    v_table  text;
    v_tables text[] := array['completed_executions', 'failed_executions'];
    v_last   integer;
    v_today  date := (pgconductor.current_time() at time zone 'UTC')::date;
    v_ahead  integer;
    v_logs   integer;
    v_result record;
begin
    created := 0;
    dropped := 0;
    deleted := 0;
    skipped := 0;

    -- A class of its own: 1885823587 is the queues'.
    if not pg_try_advisory_xact_lock(1885823588, 2) then
        return;
    end if;

    select greatest(p_days_ahead, least(ceil(extract(epoch from coalesce(max(greatest(t.keep_completed, t.keep_failed)), '0')) / 86400) + 1, 100))
    into v_ahead
    from pgconductor.tasks t;

    -- Log lines have days only where some task keeps them.
    select ceil(extract(epoch from max(t.keep_logs)) / 86400) + 1 into v_logs
    from pgconductor.tasks t
    where t.keep_logs > '0';

    -- What takes time first, what takes locks last.
    foreach v_table in array v_tables loop
        deleted := deleted + pgconductor._delete_expired(v_table, p_limit);
    end loop;
    deleted := deleted + pgconductor._delete_old_failures(p_limit) + pgconductor._delete_old_paces(p_limit)
        + pgconductor._delete_old_logs(p_limit);
    v_tables := v_tables || 'execution_logs'::text;
    foreach v_table in array v_tables loop
        select * into v_result from pgconductor._drop_days(v_table, v_today);
        dropped := dropped + v_result.dropped;
        skipped := skipped + v_result.skipped;
    end loop;
    foreach v_table in array v_tables loop
        v_last := case when v_table <> 'execution_logs' then v_ahead when v_logs > 0 then least(v_logs, 100) else -1 end;
        for v_day in 0..v_last loop
            begin
                select * into v_result from pgconductor._make_day(v_table, v_today + v_day);
                created := created + v_result.created;
                skipped := skipped + v_result.skipped;
            exception
                when lock_not_available then
                    skipped := skipped + 1;
                    exit;
            end;
        end loop;
    end loop;

    -- Claims pass over the tasks of which something is forgotten until this commits, and nobody writes history while a partition goes:
    -- one or the other. Days are made and dropped once a day.
    if created = 0 and dropped = 0 then
        deleted := deleted + pgconductor._forget_limits(p_limit);
    end if;
end
$$;
