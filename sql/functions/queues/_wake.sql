-- Tells the idle workers of a queue that there is due work, at commit. An idle worker holds an advisory lock of its
-- queue in shared mode, so asking whether anybody is idle costs no table access and no row version, and a crashed
-- worker's answer vanishes with its session. Nobody idle: no NOTIFY, which would halve the rate of single inserts.
-- Only a hint: workers also poll.
create or replace function pgconductor._wake(p_queue text)
returns void
language plpgsql
set search_path = ''
as $$
declare
    -- Assignments instead of PERFORM: they need no executor, which whoever enqueues for an idle worker waits for.
    v_unlocked boolean;
    v_sent     text;
begin
    if pg_try_advisory_lock(1885823587, hashtext(p_queue)) then
        v_unlocked := pg_advisory_unlock(1885823587, hashtext(p_queue));
    else
        v_sent := pg_notify(pgconductor.queue_channel(p_queue), '');
    end if;
end
$$;
