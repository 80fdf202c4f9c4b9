-- The NOTIFY channel of a queue: queue names may be longer than a channel name, so it is named by a hash.
create or replace function pgconductor.queue_channel(p_queue text)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
    select 'pgconductor_q_' || md5(p_queue)
$$;
