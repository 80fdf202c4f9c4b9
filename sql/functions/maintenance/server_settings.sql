-- The server's settings that decide how safe and how fast PgConductor is here, and how many connections are in use.
create or replace function pgconductor.server_settings()
returns table (name text, value text)
language sql
stable
set search_path = ''
as $$
    select s.name, current_setting(s.name)
    from pg_settings s
    where s.name in ('autovacuum', 'default_toast_compression', 'fsync', 'full_page_writes',
        'idle_in_transaction_session_timeout', 'max_connections', 'max_wal_size', 'server_version',
        'shared_buffers', 'superuser_reserved_connections', 'synchronous_commit', 'track_counts')
    union all
    -- Of the databases' statistics, which everybody may read whole.
    select 'connections_in_use', sum(d.numbackends)::text from pg_stat_database d
    order by 1
$$;
