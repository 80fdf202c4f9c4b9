-- Least-privilege roles for PgConductor. Apply once, as the role that installed the schema (or as a superuser), for example:
-- psql -f sql/permissions.sql. It can be applied any number of times. Upgrades apply it again by themselves, in their own
-- transaction, where pgconductor_worker may use the schema; whoever upgrades need not be allowed to make roles then.
-- docs/operations/roles-and-privileges.md says which role is for whom; a test runs each of them and shows that no
-- privilege of the worker and of the client can be left out.
--
-- The roles cannot log in: grant them to those that do, for example: grant pgconductor_worker to shop_worker.
-- The functions run with the rights of their caller, so a role needs rights on the tables behind them too.

do $$
declare
    v_role text;
begin
    foreach v_role in array array['pgconductor_worker', 'pgconductor_client', 'pgconductor_reader', 'pgconductor_operator'] loop
        continue when exists (select from pg_catalog.pg_roles r where r.rolname = v_role);
        begin
            execute format('create role %I nologin', v_role);
        exception
            -- Another database of the server was faster.
            when duplicate_object or unique_violation then
                null;
        end;
    end loop;
end
$$;

-- One transaction: nobody sees a moment with half of the rights.
begin;

revoke all on schema pgconductor from public;
revoke execute on all functions in schema pgconductor from public;
revoke all on all tables in schema pgconductor from public;
grant usage on schema pgconductor to pgconductor_worker, pgconductor_client, pgconductor_reader, pgconductor_operator;

-- Runs as its owner, because only the owner of a table may make and drop its partitions, and workers do the
-- housekeeping. Its arguments are numbers, and the names it puts into statements are its own.
alter function pgconductor.maintain(integer, integer) security definer;

-- Runs as its owner, because it counts rows of partitions that a worker may only write. It takes nothing and tells numbers.
alter function pgconductor.maintenance_status() security definer;

-- Helpers that everything stands on.
grant execute on function
    pgconductor.current_time, pgconductor.uuid_v7, pgconductor._raise, pgconductor._wake, pgconductor.queue_channel,
    pgconductor._ensure_task, pgconductor._ensure_tasks, pgconductor._own_lane
to pgconductor_worker, pgconductor_client, pgconductor_operator;

-- Enqueues, and can read nothing of what others enqueued: ids, queues and dedupe keys at most.
grant execute on function
    pgconductor.invoke, pgconductor.invoke_batch, pgconductor._resolve_tasks, pgconductor._check_invoke,
    pgconductor._is_known, pgconductor._take_dedupe_key, pgconductor._invoke_paced, pgconductor._check_pace, pgconductor._take_pace,
    pgconductor._take_paces, pgconductor._replace_waiting, pgconductor._forget_pace_at, pgconductor._waiting_lane, pgconductor._limit_key,
    pgconductor.emit_event, pgconductor.emit_events, pgconductor._check_event_key
to pgconductor_client, pgconductor_worker;
grant insert on pgconductor.events to pgconductor_client, pgconductor_worker;
-- The right to change one column is what locking a row (for key share) asks for.
grant select, update (opens_at) on pgconductor.held_lanes to pgconductor_client, pgconductor_operator;
grant select on pgconductor.queues to pgconductor_client;
grant select, insert on pgconductor.tasks to pgconductor_client;
grant select, insert, update on pgconductor.paces to pgconductor_client, pgconductor_worker;
grant insert, select (id, queue, flow, attempts), update (payload, large_payload_bytes, run_at, priority, max_attempts)
on pgconductor.executions to pgconductor_client;
grant insert, delete, select (execution_id) on pgconductor.payloads to pgconductor_client;
grant select, insert, update (execution_id, queue) on pgconductor.dedupe_keys to pgconductor_client;
grant select (ids) on pgconductor.leases to pgconductor_client;
grant select (id) on pgconductor.completed_executions to pgconductor_client;
grant select (id) on pgconductor.failed_executions to pgconductor_client;

-- Makes and removes schedules, without reading the payloads of others.
grant execute on function
    pgconductor.schedule, pgconductor.unschedule, pgconductor._put_schedule, pgconductor._check_schedule
to pgconductor_client, pgconductor_worker, pgconductor_operator;
grant insert, update, delete,
    select (key, service, task_key, queue, cron, time_zone, priority, missed, tolerance, catch_up, overlap, revision, last_tick, look_at,
        next_run_at, fault, payload_md5)
on pgconductor.schedules to pgconductor_client;
grant select, insert, update, delete on pgconductor.schedules to pgconductor_worker;

-- Runs executions, and enqueues.
grant execute on function
    pgconductor.register_orchestrator, pgconductor.register_worker, pgconductor.orchestrator_heartbeat,
    pgconductor.recover_stale_orchestrators, pgconductor.orchestrator_shutdown, pgconductor.worker_idle, pgconductor.worker_busy,
    pgconductor.claim_executions, pgconductor.invoke_and_claim, pgconductor.find_late_arrivals, pgconductor.get_executions, pgconductor.return_executions,
    pgconductor.create_queue,
    pgconductor.maintain, pgconductor.held_horizon, pgconductor._find_due, pgconductor._take_rows, pgconductor._lease_rows,
    pgconductor._delete_rows, pgconductor._rows_at,
    pgconductor._bound_by_bytes, pgconductor._dead_letter_exhausted, pgconductor._relane_unknown, pgconductor._settle,
    pgconductor._append_error, pgconductor._put_back_leases, pgconductor._fence_orchestrator, pgconductor._release_lost_leases, pgconductor._register_task,
    pgconductor._assign_lanes, pgconductor._adopt_stray_lanes, pgconductor._window_open, pgconductor._window_change,
    pgconductor._week_position, pgconductor._week_of, pgconductor._opens_in,
    pgconductor.save_steps, pgconductor.save_step, pgconductor._carried_steps, pgconductor._settle_flows, pgconductor._begin_waits,
    pgconductor._start_child, pgconductor._cancel_orphans, pgconductor.load_steps, pgconductor.declare_schedules,
    pgconductor.due_schedules, pgconductor.advance_schedules, pgconductor._tick_id, pgconductor._run_key,
    pgconductor.report_schedule_fault,
    pgconductor.register_subscriptions, pgconductor._check_subscription, pgconductor._check_filter, pgconductor._attach_table,
    pgconductor._table_event, pgconductor.expect_event, pgconductor._lock_awaited_keys, pgconductor._deliver_left,
    pgconductor._deliver_event, pgconductor._start_subscriber, pgconductor._subscriber_id, pgconductor._event_matches,
    pgconductor._event_failed, pgconductor.report_event_failures, pgconductor.append_execution_logs, pgconductor.queue_depths,
    pgconductor.maintenance_status,
    pgconductor._claim_limited, pgconductor._open_limits, pgconductor._limited_places, pgconductor._admit, pgconductor._count_taken, pgconductor._turn_lanes,
    pgconductor._limit_state, pgconductor._limit_rows, pgconductor._move_rows, pgconductor._held_lane, pgconductor._lock_limits,
    pgconductor._fold_freed, pgconductor._free_slots, pgconductor._adopt_stray_keys, pgconductor._read_limits, pgconductor._held_slots,
    pgconductor.check_limits
to pgconductor_worker;
grant insert on pgconductor.execution_logs to pgconductor_worker;
grant select, insert, update, delete on pgconductor.limits, pgconductor.held_lanes to pgconductor_worker;
grant select, insert, delete on pgconductor.freed_slots to pgconductor_worker;
grant select, update, delete on pgconductor.events to pgconductor_worker;
grant select, insert, update, delete on pgconductor.subscriptions to pgconductor_worker;
grant select, insert, update on pgconductor.event_failures to pgconductor_worker;
-- Ends of executions, by a worker or an operator.
grant execute on function
    pgconductor.cancel_execution, pgconductor.orchestrator_channel, pgconductor._end_flows,
    pgconductor._resolve_waits, pgconductor._announce_orphans
to pgconductor_worker, pgconductor_operator;
grant select, insert, update, delete on pgconductor.steps to pgconductor_worker, pgconductor_operator;
grant insert, delete on pgconductor.orphans to pgconductor_worker, pgconductor_operator;
grant select, update on pgconductor.orphans to pgconductor_worker;
grant insert on pgconductor.signals to pgconductor_worker;
grant select on pgconductor.migrations, pgconductor.function_scripts to pgconductor_worker;
grant select, insert on pgconductor.queues to pgconductor_worker;
grant select, insert, update on pgconductor.tasks to pgconductor_worker;
grant select, insert, update, delete on
    pgconductor.executions, pgconductor.dedupe_keys, pgconductor.orchestrators, pgconductor.workers, pgconductor.leases
to pgconductor_worker;
grant select, insert, delete on pgconductor.payloads to pgconductor_worker;
grant select, delete on pgconductor.signals to pgconductor_worker;
grant insert, select (id) on pgconductor.completed_executions to pgconductor_worker;
grant insert, select (id) on pgconductor.failed_executions to pgconductor_worker;

-- Reads everything, payloads included; changes nothing. To see other users' transactions in held_horizon it also needs
-- pg_read_all_stats.
grant execute on function
    pgconductor.get_execution, pgconductor.list_executions, pgconductor.count_executions, pgconductor.list_queues,
    pgconductor.list_tasks, pgconductor.list_orchestrators, pgconductor.oldest_due, pgconductor.held_horizon,
    pgconductor.server_settings, pgconductor.current_time, pgconductor._window_open, pgconductor._window_change,
    pgconductor._week_position, pgconductor._raise, pgconductor.load_steps,
    pgconductor.list_schedules, pgconductor.list_limits, pgconductor._limit_state, pgconductor._held_slots,
    pgconductor.list_subscriptions, pgconductor.list_event_failures, pgconductor.get_execution_logs, pgconductor.queue_depths,
    pgconductor.maintenance_status
to pgconductor_reader;
grant select on all tables in schema pgconductor to pgconductor_reader;

-- Steers: everything a reader may, and cancel, retry, pause, resume, set windows, create an ordinary queue, stop a process.
do $$
begin
    if not pg_catalog.pg_has_role('pgconductor_operator', 'pgconductor_reader', 'member') then
        grant pgconductor_reader to pgconductor_operator;
    end if;
end
$$;
grant execute on function
    pgconductor.retry_execution, pgconductor.pause_queue, pgconductor.resume_queue, pgconductor.create_queue,
    pgconductor.signal_shutdown, pgconductor._take_dedupe_key,
    pgconductor.pause_schedule, pgconductor.resume_schedule, pgconductor.run_schedule, pgconductor._run_key,
    pgconductor.invoke, pgconductor._is_known,
    pgconductor._check_invoke, pgconductor._waiting_lane, pgconductor._limit_key,
    pgconductor.set_windows, pgconductor._week_of
to pgconductor_operator;
grant insert, update on pgconductor.queues to pgconductor_operator;
grant insert, update (windows, window_start, window_end, time_zone, updated_at) on pgconductor.tasks to pgconductor_operator;
grant insert, update, delete on pgconductor.schedules to pgconductor_operator;
grant insert, update, delete on pgconductor.executions to pgconductor_operator;
grant insert, delete on pgconductor.payloads to pgconductor_operator;
grant insert, update, delete on pgconductor.dedupe_keys to pgconductor_operator;
grant insert, delete on pgconductor.failed_executions to pgconductor_operator;
grant update on pgconductor.leases, pgconductor.orchestrators to pgconductor_operator;
grant insert on pgconductor.signals to pgconductor_operator;

commit;
