-- A task that is enqueued before any worker registered it: it gets a row with the defaults and a lane of its own,
-- since no running worker serves it yet. An unknown queue is refused here.
create or replace function pgconductor._ensure_task(p_task_key text, p_queue text)
returns void
language plpgsql
set search_path = ''
as $$
begin
    if p_task_key is null or p_task_key in ('', '?') or octet_length(p_task_key) > 200
        or p_task_key ~ '[[:cntrl:]]' and not exists (select from pgconductor.tasks t where t.key = p_task_key) then
        perform pgconductor._raise('PC004', format('"%s" cannot be a task key', coalesce(p_task_key, 'null')),
            'A task key is 1 to 200 bytes long, without control characters, and not "?".');
    end if;

    if not exists (select from pgconductor.queues q where q.name = p_queue) then
        perform pgconductor._raise('PC002', format('there is no queue "%s"', p_queue),
            'Create it with pgconductor.create_queue (CLI: queues create), or start a worker that serves it.');
    end if;

    insert into pgconductor.tasks (key, queue, lane) values (p_task_key, p_queue, p_task_key)
    on conflict (key) do nothing;
end
$$;
