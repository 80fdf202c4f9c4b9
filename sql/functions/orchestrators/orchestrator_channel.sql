-- The NOTIFY channel on which an orchestrator is told that it has signals.
create or replace function pgconductor.orchestrator_channel(p_orchestrator_id uuid)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
    select 'pgconductor_o_' || replace(p_orchestrator_id::text, '-', '')
$$;
