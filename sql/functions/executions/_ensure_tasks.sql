-- As _ensure_task, for all of a batch: in order of key, so that two batches do not wait for each other.
create or replace function pgconductor._ensure_tasks(p_task_keys text[], p_queues text[])
returns void
language plpgsql
set search_path = ''
as $$
begin
    perform pgconductor._ensure_task(u.task_key, coalesce(u.queue,
        (select t.queue from pgconductor.tasks t where t.key = u.task_key), 'default'))
    from (
        select distinct u.task_key, u.queue
        from unnest(p_task_keys, p_queues) u (task_key, queue)
        order by 1, 2 nulls first
    ) u
    where not exists (
        select from pgconductor.tasks t join pgconductor.queues q on q.name = coalesce(u.queue, t.queue)
        where t.key = u.task_key);
end
$$;
