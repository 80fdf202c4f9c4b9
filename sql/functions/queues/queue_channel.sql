-- The NOTIFY channel of a queue: queue names may be longer than a channel name, so it is named by a hash. In PL/pgSQL
-- because that is parsed once a session, not once a call.
create or replace function pgconductor.queue_channel(p_queue text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
    return 'pgconductor_q_' || md5(p_queue);
end
$$;
