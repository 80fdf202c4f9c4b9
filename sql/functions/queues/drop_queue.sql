-- Drops a queue. Refused (PC005) while executions wait or run in it, or workers serve it; p_force: waiting executions are
-- cancelled first. Tasks that name it are the default queue's from then on. False: there is no such queue. The default
-- queue stays (PC006). A partition goes at once, and for that nobody may use executions for a moment: when some
-- transaction does for longer than 2 s, 55P03 and nothing has changed: try again.
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
    -- Not while a worker registers (see register_worker).
    perform pg_advisory_xact_lock(1885823588, 1);

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

    if p_force then
        perform pgconductor.cancel_execution(e.id, format('queue "%s" was dropped', p_name))
        from pgconductor.executions e where e.queue = p_name;
    end if;
    select count(*) into v_count from (select from pgconductor.executions e where e.queue = p_name limit 1) x;
    if v_count > 0 then
        perform pgconductor._raise('PC005', format('executions wait in queue "%s"', p_name),
            'Let workers finish them, or drop with p_force (CLI: --force) to cancel them.');
    end if;

    -- After the cancelling: a claim may have been faster.
    if exists (select from pgconductor.leases l where l.queue = p_name) then
        perform pgconductor._raise('PC005', format('executions of queue "%s" are running', p_name),
            'Wait for them, or for the takeover of their dead process.');
    end if;

    update pgconductor.tasks t set queue = 'default' where t.queue = p_name;
    delete from pgconductor.queues q where q.name = p_name;
    if v_queue.partition_name is not null then
        execute format('drop table pgconductor.%I', v_queue.partition_name);
    end if;
    return true;
end
$$;
