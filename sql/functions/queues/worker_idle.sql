-- Says, for the life of this session or until worker_busy, that a worker of the queue is idle and wants NOTIFYs.
-- Look for work once more after it: what was committed just before was not announced. False: try again (an insert
-- was asking at this very moment).
create or replace function pgconductor.worker_idle(p_queue text)
returns boolean
language sql
set search_path = ''
as $$
    select pg_try_advisory_lock_shared(1885823587, hashtext(p_queue))
$$;
