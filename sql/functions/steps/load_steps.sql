-- The steps of an execution, in the order in which they were asked for. State: done, failed (the result says how), waiting,
-- expired (a wait or sleep whose deadline has passed).
create or replace function pgconductor.load_steps(p_execution_id uuid)
returns table (
    name text, kind text, state text, result jsonb, started_at timestamptz, finished_at timestamptz, ordinal integer,
    child_id uuid, deadline timestamptz, key text)
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz := pgconductor.current_time();
begin
    return query
        select s.name, s.kind,
            case
                when s.finished_at is null then case when s.deadline <= v_now then 'expired' else 'waiting' end
                when s.failed then 'failed'
                else 'done'
            end,
            s.result, s.started_at, s.finished_at, s.ordinal, s.child_id, s.deadline, s.key
        from pgconductor.steps s
        where s.execution_id = p_execution_id
        order by s.ordinal, s.name;
end
$$;
