-- Whether an execution of this id waits, runs, or is kept in the history. For calls that may be repetitions: not
-- cheap (it reads the ids of all leases), and not for the common path.
create or replace function pgconductor._is_known(p_id uuid)
returns boolean
language sql
stable
set search_path = ''
as $$
    select exists (select from pgconductor.executions e where e.id = p_id)
        or exists (select from pgconductor.leases l where p_id = any (l.ids))
        or exists (select from pgconductor.completed_executions c where c.id = p_id)
        or exists (select from pgconductor.failed_executions f where f.id = p_id)
$$;
