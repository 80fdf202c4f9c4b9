-- Removes a schedule; what it has enqueued stays. False: there is none. A declared one comes back when its service starts
-- again, so it is refused (PC009) unless p_force: for those whose service is gone.
create or replace function pgconductor.unschedule(p_key text, p_force boolean default false)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
    v_service text;
begin
    delete from pgconductor.schedules s where s.key = p_key and (s.service is null or p_force);
    if found then
        return true;
    end if;

    select s.service into v_service from pgconductor.schedules s where s.key = p_key;
    if found then
        perform pgconductor._raise('PC009', format('schedule "%s" is declared by service "%s"', p_key, v_service),
            'Remove it from the service''s code, pause it, or, if the service is gone, force its removal.');
    end if;
    return false;
end
$$;
