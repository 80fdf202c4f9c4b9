-- Takes the lock under which a task's limits are counted, until the transaction ends; false: somebody else has it. Nobody waits
-- for it, so it is in no deadlock: a claim passes over a task that another one is just claiming, and comes again.
create or replace function pgconductor._lock_limits(p_task_key text)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
    return pg_try_advisory_xact_lock(1885823589, hashtext(p_task_key));
end
$$;
