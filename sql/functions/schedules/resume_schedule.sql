-- Ends the pause of a schedule. It goes on with its next tick: those of the pause are not missed. PC007: there is none.
create or replace function pgconductor.resume_schedule(p_key text)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_now timestamptz := pgconductor.current_time();
begin
    update pgconductor.schedules s
    set paused = false, last_tick = greatest(s.last_tick, v_now), look_at = v_now, revision = s.revision + 1, updated_at = v_now
    where s.key = p_key and s.paused;
    if found then
        perform pg_notify('pgconductor_schedules', '');
    elsif not exists (select from pgconductor.schedules s where s.key = p_key) then
        perform pgconductor._raise('PC007', format('there is no schedule "%s"', p_key), 'List them with list_schedules.');
    end if;
end
$$;
