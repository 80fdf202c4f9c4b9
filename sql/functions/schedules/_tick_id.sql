-- The id of the run that a schedule makes for a tick: a UUIDv7 of the tick's time, the rest of it from key and time. The same
-- whoever makes it.
create or replace function pgconductor._tick_id(p_key text, p_tick timestamptz)
returns uuid
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
    v_milliseconds bigint := (extract(epoch from p_tick) * 1000)::bigint;
    v_hash         bytea := decode(md5(p_key || ' ' || extract(epoch from p_tick)::text), 'hex');
begin
    return encode(
        set_byte(
            set_byte(substring(int8send(v_milliseconds) from 3 for 6) || substring(v_hash from 7),
                6, 112 + get_byte(v_hash, 6) % 16),
            8, 128 + get_byte(v_hash, 8) % 64),
        'hex')::uuid;
end
$$;
