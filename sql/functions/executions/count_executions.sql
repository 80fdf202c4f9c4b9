-- How many executions there are of each queue, task and state. Counts rows: seconds on tens of millions.
create or replace function pgconductor.count_executions(p_queue text default null, p_task_key text default null)
returns table (queue text, task_key text, state text, count bigint)
language sql
stable
set search_path = ''
as $$
    select a.queue, a.task_key, a.state, count(*)
    from pgconductor.all_executions a
    where (p_queue is null or a.queue = p_queue) and (p_task_key is null or a.task_key = p_task_key)
    group by a.queue, a.task_key, a.state
    order by a.queue, a.task_key, a.state
$$;
