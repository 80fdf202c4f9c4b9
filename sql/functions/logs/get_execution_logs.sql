-- What an execution logged, oldest first: the newest p_limit lines (1 to 10000) of at least p_min_level (0 trace, 1 debug, 2 information,
-- 3 warning, 4 error, 5 critical). Probes one index a day that log lines are kept.
create or replace function pgconductor.get_execution_logs(
    p_execution_id uuid,
    p_limit        integer default 1000,
    p_min_level    integer default 0)
returns table (logged_at timestamptz, attempt integer, level text, category text, message text, exception text)
language sql
stable
set search_path = ''
as $$
    select n.logged_at, n.attempt::integer, (array['trace', 'debug', 'information', 'warning', 'error', 'critical'])[n.level + 1], n.category,
        n.message, n.exception
    from (
        select l.*
        from pgconductor.execution_logs l
        where l.execution_id = p_execution_id and l.level >= p_min_level
        order by l.logged_at desc, l.ordinal desc
        limit least(greatest(p_limit, 1), 10000)
    ) n
    order by n.logged_at, n.ordinal
$$;
