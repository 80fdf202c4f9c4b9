-- Emits an event in the caller's transaction: if that commits, and only then, it starts the tasks that are subscribed to the
-- key and wakes the executions that wait for it. Which of them, their filters say.
--
-- p_key: 1 to 400 bytes. p_payload: any JSON value. p_id: a UUIDv7 made by the caller. p_repeated: this call may have been made
-- before and its reply lost; what the event started or woke then is not started or woken again, as long as it is known.
-- Returns the event's id. PC004: a key that cannot be.
create or replace function pgconductor.emit_event(
    p_key          text,
    p_payload      jsonb default '{}',
    p_id           uuid default null,
    p_trace_parent text default null,
    p_repeated     boolean default false)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
    v_id uuid := coalesce(p_id, pgconductor.uuid_v7());
begin
    perform pgconductor._check_event_key(p_key);
    insert into pgconductor.events (id, emitted_at, repeated, key, trace_parent, payload)
    values (v_id, pgconductor.current_time(), p_repeated, p_key, p_trace_parent, coalesce(p_payload, 'null'))
    on conflict do nothing;
    return v_id;
end
$$;
