-- Every execution in any state, for people and tools. Not for hot paths: it reads all leases.
create or replace view pgconductor.all_executions as
select e.id, e.queue, e.task_key,
    case when e.run_at <= pgconductor.current_time() then 'ready' when e.run_at = 'infinity' or e.flow ? 'waiting' then 'waiting'
        else 'scheduled' end as state,
    e.priority, e.attempts::integer as attempts, e.max_attempts::integer as max_attempts, e.run_at, e.created_at,
    null::timestamptz as started_at, null::timestamptz as finished_at, null::uuid as orchestrator_id,
    e.dedupe_key, e.errors -> -1 ->> 'message' as reason, e.payload, e.large_payload_bytes, null::jsonb as result, e.errors,
    (e.flow ->> 'parent')::uuid as parent_id
from pgconductor.executions e
union all
select u.id, l.queue, u.task_key, 'running', u.priority, u.attempt::integer, (u.extra ->> 'max_attempts')::integer, u.run_at,
    u.created_at, l.claimed_at, null, l.orchestrator_id, u.extra ->> 'dedupe_key', l.cancels ->> u.position::text, u.payload,
    (u.extra ->> 'large_payload_bytes')::integer, null, u.extra -> 'errors', (u.extra #>> '{flow,parent}')::uuid
from pgconductor.leases l
cross join lateral unnest(l.ids, l.task_keys, l.priorities, l.attempts, l.run_ats, l.created_ats, l.payloads, l.extras)
    with ordinality u (id, task_key, priority, attempt, run_at, created_at, payload, extra, position)
where u.position::smallint <> all (l.done)
union all
select c.id, c.queue, c.task_key, 'completed', c.priority, c.attempts::integer, null, null, c.created_at, c.started_at,
    c.finished_at, null, c.dedupe_key, null, c.payload, c.large_payload_bytes, c.result, c.errors, (c.flow ->> 'parent')::uuid
from pgconductor.completed_executions c
union all
select f.id, f.queue, f.task_key, case when f.cancelled then 'cancelled' else 'failed' end, f.priority, f.attempts::integer,
    f.max_attempts::integer, null, f.created_at, f.started_at, f.finished_at, null, f.dedupe_key, f.reason, f.payload,
    f.large_payload_bytes, null, f.errors, (f.flow ->> 'parent')::uuid
from pgconductor.failed_executions f;

comment on view pgconductor.all_executions is 'Every execution in any state: ready, scheduled, waiting, running, completed, failed, cancelled.';
