-- What a client needs to COPY executions into their table itself: for each (task, queue or null for the task's own), the
-- queue, the lane and the time, as invoke_batch would take them. Unknown tasks get a row, unknown queues are refused.
-- later_step: microseconds between the executions of a batch that are due later (0 while a test holds the clock still).
create or replace function pgconductor._resolve_tasks(p_task_keys text[], p_queues text[])
returns table (item integer, queue text, lane text, now timestamptz, later_step integer)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_now  timestamptz := pgconductor.current_time();
    v_step integer := case when coalesce(current_setting('pgconductor.fake_now', true), '') = '' then 1 else 0 end;
begin
    perform pgconductor._ensure_tasks(p_task_keys, p_queues);

    return query
        select u.ordinal::integer, coalesce(u.queue, t.queue), t.lane, v_now, v_step
        from unnest(p_task_keys, p_queues) with ordinality u (task_key, queue, ordinal)
        join pgconductor.tasks t on t.key = u.task_key
        order by u.ordinal;
end
$$;
