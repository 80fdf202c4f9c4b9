-- Takes back one worker_idle of this session.
create or replace function pgconductor.worker_busy(p_queue text)
returns boolean
language sql
set search_path = ''
as $$
    select pg_advisory_unlock_shared(1885823587, hashtext(p_queue))
$$;
