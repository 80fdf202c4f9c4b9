-- Creates a queue, if it is not there. p_partitioned: with a partition of executions of its own (for a hot queue, or
-- one that is to be dropped in one go). Making a partition waits at most 2 s for each lock, else 55P03: try again; it
-- then reads the default partition once (about a second for ten million rows waiting there), and the queues that
-- live there stand still for so long. A partition is named executions_q_<hash>, so that no two names collide.
-- True: created; false: it was there. PC004: not a name; PC006: it cannot be given a partition.
create or replace function pgconductor.create_queue(p_name text, p_partitioned boolean default false)
returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '2s'
as $$
declare
    v_partition text := 'executions_q_' || substr(md5(p_name), 1, 20);
begin
    if p_name is null or p_name = '' or octet_length(p_name) > 200 or p_name ~ '[[:cntrl:]]' then
        perform pgconductor._raise('PC004', format('"%s" cannot be a queue name', left(coalesce(p_name, 'null'), 250)),
            'A queue name is 1 to 200 bytes long, without control characters.');
    end if;

    if not p_partitioned then
        insert into pgconductor.queues (name) values (p_name) on conflict (name) do nothing;
        return found;
    end if;

    insert into pgconductor.queues (name, partition_name) values (p_name, v_partition) on conflict (name) do nothing;
    if not found then
        if (select q.partition_name is null from pgconductor.queues q where q.name = p_name) then
            perform pgconductor._raise('PC006', format('queue "%s" exists without a partition', p_name),
                'Drop it when it is empty and create it again with a partition.');
        end if;
        return false;
    end if;

    if exists (select from pgconductor.executions_default e where e.queue = p_name) then
        perform pgconductor._raise('PC006', format('executions wait in a queue "%s" that was never created', p_name),
            'They were inserted around the functions. Create the queue without a partition first, and let workers finish them.');
    end if;

    -- The constraint proves that the default partition holds none of the queue's rows, so attaching does not scan it.
    execute format('alter table pgconductor.executions_default add constraint %I check (queue <> %L) not valid', v_partition, p_name);
    execute format('alter table pgconductor.executions_default validate constraint %I', v_partition);
    execute format('create table pgconductor.%I (like pgconductor.executions including defaults including constraints) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0)', v_partition);
    execute format('alter table pgconductor.executions attach partition pgconductor.%I for values in (%L)', v_partition, p_name);
    execute format('alter table pgconductor.executions_default drop constraint %I', v_partition);
    return true;
end
$$;
