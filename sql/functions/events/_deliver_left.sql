-- Delivers what was not delivered at its commit, oldest first, at most p_limit. Several processes may do it at once. What fails
-- five times is written down as a failure, and goes. Returns how many were delivered.
create or replace function pgconductor._deliver_left(p_limit integer default 100)
returns integer
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_event pgconductor.events;
    v_count integer := 0;
begin
    for v_event in
        select e.* from pgconductor.events e where e.left_over order by e.id limit p_limit for update skip locked
    loop
        begin
            perform pgconductor._deliver_event(v_event.id, v_event.key, v_event.payload, v_event.trace_parent, v_event.repeated);
            delete from pgconductor.events e where e.id = v_event.id;
            v_count := v_count + 1;
        exception
            when others then
                if v_event.attempts < 4 then
                    update pgconductor.events e set attempts = e.attempts + 1 where e.id = v_event.id;
                else
                    perform pgconductor._event_failed(null, null, v_event.id, v_event.key, sqlstate, sqlerrm, v_event.payload);
                    delete from pgconductor.events e where e.id = v_event.id;
                end if;
        end;
    end loop;
    return v_count;
end
$$;
