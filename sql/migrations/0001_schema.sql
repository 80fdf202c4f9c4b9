-- PgConductor's storage. Read docs/concepts/storage.md beside it.
--
--   executions            what is NOT running: ready, scheduled, waiting for a retry
--   leases                what is running: one row a claimed batch, the batch as parallel arrays
--   completed_executions  history, only as far as each task's retention asks
--   failed_executions     dead letters and cancelled executions
--
-- A claim deletes rows from executions and writes one row into leases; an outcome removes it there again. Nothing
-- is updated in place on the way, so there are no dead versions of busy rows to wade through.
--
-- Text that is compared but never sorted for people is COLLATE "C": keys are bytes, and "C" compares as memcmp.

create schema if not exists pgconductor;
comment on schema pgconductor is 'PgConductor: durable execution on PostgreSQL. Functions without a leading underscore are the public API.';

-- ---------------------------------------------------------------------------------------------------------------
-- What is installed. Written only by the schema manager, under its advisory lock.

create table pgconductor.migrations (
    version    integer primary key,
    name       text not null,
    checksum   text not null,
    breaking   boolean not null default false,
    applied_at timestamptz not null default now()
);

create table pgconductor.function_scripts (
    path       text primary key,
    checksum   text not null,
    applied_at timestamptz not null default now()
);

-- ---------------------------------------------------------------------------------------------------------------
-- Queues and tasks: small, read by every claim, changed rarely.

create table pgconductor.queues (
    name           text collate "C" primary key check (name <> '' and octet_length(name) <= 200),
    paused         boolean not null default false,
    partition_name name,
    created_at     timestamptz not null default now()
);
comment on column pgconductor.queues.partition_name is 'The queue''s own partition of executions; null: its rows live in executions_default.';

insert into pgconductor.queues (name) values ('default');

create table pgconductor.tasks (
    key             text collate "C" primary key check (key not in ('', '?') and octet_length(key) <= 200),
    queue           text collate "C" not null default 'default' references pgconductor.queues (name),
    lane            text collate "C" not null default '?',
    paused          boolean not null default false,
    max_attempts    integer not null default 5 check (max_attempts between 1 and 32767),
    backoff_seconds double precision[] not null default '{15,30,60,120,300,600,1200,2400,3600,7200}'
                    check (coalesce(array_ndims(backoff_seconds), 0) = 1 and array_lower(backoff_seconds, 1) = 1
                        and array_position(backoff_seconds, null) is null
                        and 0 <= all (backoff_seconds) and 3155760000 >= all (backoff_seconds)),
    backoff_jitter  double precision not null default 0.1 check (backoff_jitter between 0 and 1),
    keep_completed  interval default '1 day' check (keep_completed between interval '0' and interval '1000 years'),
    keep_failed     interval default '14 days' check (keep_failed between interval '0' and interval '1000 years'),
    window_start    time,
    window_end      time,
    -- Refused here when there is no such zone (22023): in a claim it would stop the whole queue.
    time_zone       text not null default 'UTC' check (timezone(time_zone, timestamptz 'epoch') is not null),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint tasks_window check (
        (window_start is null and window_end is null)
        or (window_start is not null and window_end is not null and window_start <> window_end))
);
comment on column pgconductor.tasks.lane is 'Where new executions of the task wait: '''' shared with the other plain tasks, else a lane of its own, which can be skipped in one probe.';
comment on column pgconductor.tasks.keep_completed is 'How long a completed execution is kept; 0: not at all; null: for ever.';
comment on column pgconductor.tasks.keep_failed is 'How long a failed or cancelled execution is kept; 0: not at all; null: for ever.';

-- Claims ask only for the tasks that have a lane of their own.
create index tasks_own_lane on pgconductor.tasks (key) where lane <> '';

-- ---------------------------------------------------------------------------------------------------------------
-- Executions that are not running.

create table pgconductor.executions (
    id                  uuid not null,
    run_at              timestamptz not null,
    created_at          timestamptz not null,
    large_payload_bytes integer,
    priority            smallint not null default 0,
    attempts            smallint not null default 0,
    max_attempts        smallint,
    queue               text collate "C" not null default 'default',
    lane                text collate "C" not null default '?',
    task_key            text collate "C" not null,
    dedupe_key          text collate "C",
    trace_parent        text,
    payload             jsonb default '{}',
    errors              jsonb,
    primary key (id, queue)
) partition by list (queue);
comment on table pgconductor.executions is 'What is not running: ready (run_at has passed), scheduled, or waiting for a retry. SQL users may insert (task_key, payload).';
comment on column pgconductor.executions.lane is 'The ordering group inside the queue; ''?'' is replaced by a trigger, which fires only for it.';
comment on column pgconductor.executions.attempts is 'Starts so far, crashes included.';
comment on column pgconductor.executions.max_attempts is 'Overrides the task''s; null: the task''s.';
comment on column pgconductor.executions.large_payload_bytes is 'Not null: the payload is in pgconductor.payloads, this many bytes of it.';
comment on column pgconductor.executions.errors is 'The last ten failures, oldest first.';

-- The claim's index. No tie-breaker: enqueueing spaces run_at by a microsecond, so equal times are rare and narrow
-- entries are worth more.
create index executions_due on pgconductor.executions (queue, lane, priority desc, run_at);

create table pgconductor.executions_default partition of pgconductor.executions default
    with (fillfactor = 100, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000,
          autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0);

-- Payloads too long to be carried through every claim and retry (over 8 kB): written once, pointed at.
create table pgconductor.payloads (
    execution_id uuid primary key,
    payload      jsonb not null
);

-- Uniqueness: only executions with a dedupe key touch it; released by the outcome, whichever it is.
create table pgconductor.dedupe_keys (
    task_key     text collate "C" not null,
    key          text collate "C" not null,
    execution_id uuid not null,
    queue        text collate "C" not null,
    primary key (task_key, key)
);

-- ---------------------------------------------------------------------------------------------------------------
-- Processes and what they hold.

create table pgconductor.orchestrators (
    id                uuid primary key,
    name              text not null,
    version           text not null,
    schema_version    integer not null,
    started_at        timestamptz not null,
    last_heartbeat_at timestamptz not null,
    draining          boolean not null default false
) with (fillfactor = 50);

create table pgconductor.workers (
    orchestrator_id uuid not null references pgconductor.orchestrators (id) on delete cascade,
    queue           text collate "C" not null references pgconductor.queues (name),
    task_keys       text[] collate "C" not null,
    primary key (orchestrator_id, queue)
);
comment on table pgconductor.workers is 'Which tasks a process serves on which queue: a claim takes nothing else.';
create index workers_queue on pgconductor.workers (queue);

create table pgconductor.leases (
    id              bigint primary key default (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    orchestrator_id uuid not null,
    claimed_at      timestamptz not null,
    size            integer not null,
    plain           boolean not null,
    queue           text collate "C" not null,
    done            smallint[] not null default '{}',
    cancels         jsonb,
    ids             uuid[] not null,
    task_keys       text[] collate "C" not null,
    priorities      smallint[] not null,
    attempts        smallint[] not null,
    run_ats         timestamptz[] not null,
    created_ats     timestamptz[] not null,
    payloads        jsonb[] not null,
    extras          jsonb[]
) with (toast_tuple_target = 256, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
comment on column pgconductor.leases.id is 'The microsecond of the claim, by the real clock: not a sequence, which would give an id again after a crash that lost an asynchronously committed claim (docs/adr/0010).';
comment on table pgconductor.leases is 'Claimed batches: parallel arrays, position 1 to size. Owned by one orchestrator until each position has an outcome.';
comment on column pgconductor.leases.plain is 'No position needs more than forgetting when it completes: no history, no dedupe key, no large payload.';
comment on column pgconductor.leases.done is 'Positions that have their outcome; the arrays beside it are out of line and are not rewritten when it grows.';
comment on column pgconductor.leases.cancels is 'Position to reason, of executions whose cancellation was asked for while they ran.';
comment on column pgconductor.leases.extras is 'The rarer columns of an execution (lane, max_attempts, dedupe_key, trace_parent, errors, large_payload_bytes); null where all have their defaults.';
create index leases_orchestrator on pgconductor.leases (orchestrator_id);

create table pgconductor.signals (
    id              bigint generated always as identity primary key,
    orchestrator_id uuid not null references pgconductor.orchestrators (id) on delete cascade,
    kind            text not null check (kind in ('cancel', 'shutdown')),
    execution_id    uuid,
    reason          text not null,
    created_at      timestamptz not null
);
create index signals_orchestrator on pgconductor.signals (orchestrator_id, id);

-- ---------------------------------------------------------------------------------------------------------------
-- History, partitioned by the day on which a row may go: dropping a partition is the whole clean-up, exact for
-- every task's own retention. Rows kept for ever have a partition of their own; the default one is for days that have none
-- yet, and is kept small, because making a partition reads all of it.

create table pgconductor.completed_executions (
    id                  uuid not null,
    expires_at          timestamptz not null,
    created_at          timestamptz not null,
    started_at          timestamptz not null,
    finished_at         timestamptz not null,
    large_payload_bytes integer,
    priority            smallint not null,
    attempts            smallint not null,
    queue               text collate "C" not null,
    task_key            text collate "C" not null,
    dedupe_key          text collate "C",
    payload             jsonb,
    result              jsonb,
    errors              jsonb
) partition by range (expires_at);

create table pgconductor.failed_executions (
    id                  uuid not null,
    expires_at          timestamptz not null,
    created_at          timestamptz not null,
    started_at          timestamptz,
    finished_at         timestamptz not null,
    large_payload_bytes integer,
    priority            smallint not null,
    attempts            smallint not null,
    max_attempts        smallint,
    cancelled           boolean not null default false,
    queue               text collate "C" not null,
    task_key            text collate "C" not null,
    dedupe_key          text collate "C",
    trace_parent        text,
    reason              text not null,
    payload             jsonb,
    errors              jsonb
) partition by range (expires_at);
comment on table pgconductor.failed_executions is 'Dead letters (cancelled = false) and cancelled executions. pgconductor.retry_execution puts one back.';

-- Not unique: nothing stops a caller from enqueueing an id again after its outcome, and its second outcome must never be
-- an error that fails a whole flush. Without a key, logical replication needs the old row to tell what was deleted.
create index completed_executions_id on pgconductor.completed_executions (id);
create index failed_executions_id on pgconductor.failed_executions (id);

create table pgconductor.completed_executions_forever partition of pgconductor.completed_executions
    for values from ('infinity') to (maxvalue);
create table pgconductor.failed_executions_forever partition of pgconductor.failed_executions
    for values from ('infinity') to (maxvalue);
create table pgconductor.completed_executions_default partition of pgconductor.completed_executions default;
create table pgconductor.failed_executions_default partition of pgconductor.failed_executions default;
alter table pgconductor.completed_executions_forever replica identity full;
alter table pgconductor.failed_executions_forever replica identity full;
alter table pgconductor.completed_executions_default replica identity full;
alter table pgconductor.failed_executions_default replica identity full;
create index completed_executions_default_expiry on pgconductor.completed_executions_default (expires_at);
create index failed_executions_default_expiry on pgconductor.failed_executions_default (expires_at);

-- lz4 where the server has it: a lease is compressed once and read once, so speed matters more than size.
do $$
declare
    v_column text;
begin
    if 'lz4' = any (array(select unnest(enumvals) from pg_catalog.pg_settings where name = 'default_toast_compression')) then
        foreach v_column in array array['ids', 'task_keys', 'priorities', 'attempts', 'run_ats', 'created_ats', 'payloads', 'extras'] loop
            execute format('alter table pgconductor.leases alter column %I set compression lz4', v_column);
        end loop;
        alter table pgconductor.payloads alter column payload set compression lz4;
    end if;
end
$$;
