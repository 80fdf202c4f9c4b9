-- Housekeeping, safe to call by anyone at any time: makes the history's partitions for the days ahead, drops those
-- whose day is over, and deletes expired rows from the default partitions, at most p_limit of them. Only one caller
-- works at a time; the others return at once. Gives up on a partition it cannot lock within 200 ms and leaves it to
-- the next call: nobody waits behind housekeeping for longer than that.
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
    v_today  date := (pgconductor.current_time() at time zone 'UTC')::date;
    v_result record;
begin
    created := 0;
    dropped := 0;
    deleted := 0;
    skipped := 0;

    if not pg_try_advisory_xact_lock(1885823587, hashtext('maintain')) then
        return;
    end if;

    foreach v_table in array array['completed_executions', 'failed_executions'] loop
        for v_day in 0..p_days_ahead loop
            select * into v_result from pgconductor._make_day(v_table, v_today + v_day);
            created := created + v_result.created;
            skipped := skipped + v_result.skipped;
        end loop;
        select * into v_result from pgconductor._drop_days(v_table, v_today);
        dropped := dropped + v_result.dropped;
        skipped := skipped + v_result.skipped;
        deleted := deleted + pgconductor._delete_expired(v_table, p_limit);
    end loop;
end
$$;
