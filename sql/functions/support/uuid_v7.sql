-- A UUIDv7 (RFC 9562): 48 bits of milliseconds, version and variant, 74 random bits. Ids made in time order keep
-- inserts at the right edge of the primary key. Clients make their own; this is for rows inserted with SQL.
--
-- It is called for every such row, so it is PL/pgSQL (a SQL function with a search_path cannot be inlined and starts an
-- executor each time: 6 times slower), and it has current_time's one expression in itself.
create or replace function pgconductor.uuid_v7()
returns uuid
language plpgsql
volatile
parallel safe
set search_path = ''
as $$
begin
    return encode(
        overlay(
            overlay(uuid_send(gen_random_uuid())
                placing substring(int8send((extract(epoch from
                    coalesce(nullif(current_setting('pgconductor.fake_now', true), '')::timestamptz, clock_timestamp())) * 1000)::bigint) from 3)
                from 1 for 6)
            placing set_byte('\x00', 0, 112 + floor(random() * 16)::integer) from 7 for 1),
        'hex')::uuid;
end
$$;
