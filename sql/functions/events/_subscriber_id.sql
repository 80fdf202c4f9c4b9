-- The id of the execution that an event starts for a subscription: the event's time, and a hash of both. A UUIDv7.
create or replace function pgconductor._subscriber_id(p_event_id uuid, p_service text, p_task_key text, p_name text)
returns uuid
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_hash bytea := decode(md5(jsonb_build_array(p_event_id, p_service, p_task_key, p_name)::text), 'hex');
begin
    return encode(substring(uuid_send(p_event_id) from 1 for 6)
        || set_byte(set_byte(substring(v_hash from 7), 0, 112 + get_byte(v_hash, 6) % 16), 2, 128 + get_byte(v_hash, 8) % 64), 'hex')::uuid;
end
$$;
