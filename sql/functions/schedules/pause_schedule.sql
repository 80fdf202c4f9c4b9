-- No more runs of a schedule until resume_schedule; what it has enqueued goes on, and run_schedule still works. A restart
-- of the service that declares it does not end the pause. PC007: there is none.
create or replace function pgconductor.pause_schedule(p_key text)
returns void
language plpgsql
set search_path = ''
as $$
begin
    update pgconductor.schedules s
    set paused = true, next_run_at = null, revision = s.revision + 1, updated_at = pgconductor.current_time()
    where s.key = p_key and not s.paused;
    if not found and not exists (select from pgconductor.schedules s where s.key = p_key) then
        perform pgconductor._raise('PC007', format('there is no schedule "%s"', p_key), 'List them with list_schedules.');
    end if;
end
$$;
