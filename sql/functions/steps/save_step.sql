-- Remembers one finished step of a running execution, in the caller's transaction: what the caller writes with it is
-- written exactly once. See save_steps. PC008: the lease is no longer this orchestrator's, or the position has its
-- outcome already, or the step is stored: roll back.
create or replace function pgconductor.save_step(
    p_orchestrator_id uuid,
    p_lease_id        bigint,
    p_position        integer,
    p_name            text,
    p_result          jsonb default null,
    p_ordinal         integer default 0,
    p_started_at      timestamptz default null,
    p_finished_at     timestamptz default null)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_effect text;
begin
    select s.effect into v_effect
    from pgconductor.save_steps(p_orchestrator_id, array[p_lease_id], array[p_position], array[p_name], array[p_ordinal],
        array[p_result], array[p_started_at], array[p_finished_at]) s;

    if v_effect <> 'saved' then
        perform pgconductor._raise('PC008', format('step "%s" of position %s of lease %s is %s', p_name, p_position, p_lease_id,
            case v_effect when 'existing' then 'stored already' else 'no longer this orchestrator''s' end),
            'Roll back: another process runs the execution by now, or this one has ended, or the step was stored before.');
    end if;
end
$$;
