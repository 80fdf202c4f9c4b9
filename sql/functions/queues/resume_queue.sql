-- Claims from a paused queue go on; its idle workers are told. PC002: no such queue.
create or replace function pgconductor.resume_queue(p_name text)
returns void
language plpgsql
set search_path = ''
as $$
begin
    update pgconductor.queues q set paused = false where q.name = p_name;
    if not found then
        perform pgconductor._raise('PC002', format('there is no queue "%s"', p_name), 'List them with list_queues.');
    end if;
    perform pgconductor._wake(p_name);
end
$$;
