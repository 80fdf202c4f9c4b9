-- Registers what one orchestrator serves on one queue: creates the queue if need be, writes the tasks' settings, and
-- decides their lanes. p_tasks is an array of objects:
--   key (required), queue (the task's own, default p_queue), max_attempts, backoff_seconds [..], backoff_jitter,
--   keep_completed_seconds, keep_failed_seconds, keep_logs_seconds (-1: for ever), time_zone, batch_size,
--   windows ["mon-fri 22:00-06:00", ..] (_week_of says how they are written), window_start and window_end ("HH:MM": one more)
-- A setting left out keeps its value (a new task: the default). A null window, an empty list of them, or a null batch size removes it.
--
-- A task shares the queue's plain lane only if it can never be held back while its neighbours run: it has no window, is not
-- paused, is not run in batches, and every live worker of the queue serves it. Otherwise it has a lane of its own.
--
-- Errors: PC001 the orchestrator is not registered; PC004 a setting that cannot be (the message says which task). Locks: the
-- registrations' advisory lock, then tasks. One registration at a time, also against drop_queue: each changes the lanes
-- of tasks that others register, in an order that cannot be told before.
create or replace function pgconductor.register_worker(p_orchestrator_id uuid, p_queue text, p_tasks jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_task jsonb;
    v_keys text[];
begin
    if not exists (select from pgconductor.orchestrators o where o.id = p_orchestrator_id) then
        perform pgconductor._raise('PC001', format('orchestrator %s is not registered', p_orchestrator_id),
            'Call register_orchestrator first; it was perhaps taken over after missing its heartbeats.');
    end if;

    if jsonb_typeof(p_tasks) is distinct from 'array' then
        perform pgconductor._raise('PC004', format('%s is not a list of tasks', left(coalesce(p_tasks::text, 'null'), 100)),
            'Give an array of objects, each with a key.');
    end if;

    perform pg_advisory_xact_lock(1885823588, 1);
    perform pgconductor.create_queue(p_queue);

    for v_task in select j from jsonb_array_elements(p_tasks) j order by j ->> 'key' loop
        perform pgconductor._register_task(p_queue, v_task);
    end loop;

    select coalesce(array_agg(distinct j ->> 'key'), '{}') into v_keys from jsonb_array_elements(p_tasks) j;

    insert into pgconductor.workers (orchestrator_id, queue, task_keys)
    values (p_orchestrator_id, p_queue, v_keys)
    on conflict (orchestrator_id, queue) do update set task_keys = excluded.task_keys;

    perform pgconductor._assign_lanes(p_queue);
end
$$;
