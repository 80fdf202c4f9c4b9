-- Drops a queue. Refused (PC005) while executions wait or run in it, tasks name it, or workers serve it;
-- p_force: waiting executions are cancelled first. False: there is no such queue. The default queue stays (PC006).
create or replace function pgconductor.drop_queue(p_name text, p_force boolean default false)
returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '2s'
as $$
declare
    v_queue pgconductor.queues;
    v_count bigint;
begin
    select * into v_queue from pgconductor.queues q where q.name = p_name for update;
    if not found then
        return false;
    end if;
    if p_name = 'default' then
        perform pgconductor._raise('PC006', 'the queue "default" cannot be dropped', 'Pause it instead.');
    end if;
    if exists (select from pgconductor.workers w where w.queue = p_name) then
        perform pgconductor._raise('PC005', format('queue "%s" is served by running workers', p_name), 'Stop them first.');
    end if;
    if exists (select from pgconductor.leases l where l.queue = p_name) then
        perform pgconductor._raise('PC005', format('executions of queue "%s" are running', p_name),
            'Wait for them, or for the takeover of their dead process.');
    end if;

    if p_force then
        perform pgconductor.cancel_execution(e.id, format('queue "%s" was dropped', p_name))
        from pgconductor.executions e where e.queue = p_name;
    end if;
    select count(*) into v_count from (select from pgconductor.executions e where e.queue = p_name limit 1) x;
    if v_count > 0 then
        perform pgconductor._raise('PC005', format('executions wait in queue "%s"', p_name),
            'Let workers finish them, or drop with p_force (CLI: --force) to cancel them.');
    end if;

    update pgconductor.tasks t set queue = 'default' where t.queue = p_name;
    delete from pgconductor.queues q where q.name = p_name;
    if v_queue.partition_name is not null then
        execute format('drop table pgconductor.%I', v_queue.partition_name);
    end if;
    return true;
end
$$;
