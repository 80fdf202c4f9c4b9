-- Of the locked rows, in order of run_at, as many as carry no more than p_max_bytes of large payload; at least one.
create or replace function pgconductor._bound_by_bytes(p_queue text, p_rows tid[], p_max_bytes bigint)
returns tid[]
language sql
set search_path = ''
as $$
    select array_agg(s.row order by s.n)
    from (
        select e.row, row_number() over w as n, sum(e.large_payload_bytes) over w as bytes
        from pgconductor._rows_at(p_queue, p_rows) e
        window w as (order by e.run_at, e.id)
    ) s
    where s.n = 1 or coalesce(s.bytes, 0) <= p_max_bytes
$$;
