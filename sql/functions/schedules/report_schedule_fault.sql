-- Keeps why a process cannot read a schedule (its expression, or a zone that this machine does not know), for list_schedules. Others
-- may be able to: the schedule stays due. Nothing if it was changed meanwhile.
create or replace function pgconductor.report_schedule_fault(p_key text, p_revision bigint, p_fault text)
returns void
language sql
set search_path = ''
as $$
    update pgconductor.schedules s
    set fault = left(p_fault, 2000)
    where s.key = p_key and s.revision = p_revision and s.fault is distinct from left(p_fault, 2000)
$$;
