-- No more claims from the queue, until resume_queue; what runs goes on. Enqueueing goes on too. PC002: no such queue.
create or replace function pgconductor.pause_queue(p_name text)
returns void
language plpgsql
set search_path = ''
as $$
begin
    update pgconductor.queues q set paused = true where q.name = p_name;
    if not found then
        perform pgconductor._raise('PC002', format('there is no queue "%s"', p_name), 'List them with list_queues.');
    end if;
end
$$;
