-- Executions, newest id first; null filters match all. p_before: the last id of the page before. At most 1000 a page.
create or replace function pgconductor.list_executions(
    p_state    text default null,
    p_task_key text default null,
    p_queue    text default null,
    p_limit    integer default 50,
    p_before   uuid default null)
returns table (
    id uuid, queue text, task_key text, state text, priority integer, attempts integer, max_attempts integer,
    run_at timestamptz, created_at timestamptz, started_at timestamptz, finished_at timestamptz, orchestrator_id uuid,
    dedupe_key text, reason text)
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
    if p_state not in ('ready', 'scheduled', 'waiting', 'running', 'completed', 'failed', 'cancelled') then
        perform pgconductor._raise('PC004', format('there is no state "%s"', p_state),
            'Give ready, scheduled, waiting, running, completed, failed or cancelled.');
    end if;
    if p_limit is null or p_limit not between 1 and 1000 then
        perform pgconductor._raise('PC004', format('a page of %s executions is not possible', coalesce(p_limit::text, 'null')),
            'Ask for 1 to 1000, and for the next page with p_before.');
    end if;

    return query
        select a.id, a.queue, a.task_key, a.state, a.priority::integer, a.attempts, a.max_attempts, a.run_at, a.created_at,
            a.started_at, a.finished_at, a.orchestrator_id, a.dedupe_key, a.reason
        from pgconductor.all_executions a
        where (p_state is null or a.state = p_state)
            and (p_task_key is null or a.task_key = p_task_key)
            and (p_queue is null or a.queue = p_queue)
            and (p_before is null or a.id < p_before)
        order by a.id desc
        limit p_limit;
end
$$;
