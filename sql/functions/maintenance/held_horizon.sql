-- The transaction that keeps deleted rows from being cleaned up, if it is older than p_older_than: the first thing to
-- look at when claims get slow. No row: none. Only what the caller may see in pg_stat_activity.
create or replace function pgconductor.held_horizon(p_older_than interval default '1 minute')
returns table (pid integer, age_seconds double precision, state text, application_name text, user_name text, query text)
language sql
stable
set search_path = ''
as $$
    select a.pid, extract(epoch from clock_timestamp() - a.xact_start)::double precision, a.state, a.application_name,
        a.usename::text, left(a.query, 200)
    from pg_stat_activity a
    where a.datname = current_database() and a.xact_start < clock_timestamp() - p_older_than
        and (a.backend_xmin is not null or a.backend_xid is not null) and a.pid <> pg_backend_pid()
    order by a.xact_start
$$;
