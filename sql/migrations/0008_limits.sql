-- Limits: how many executions of a task, and of a key in its payloads, may run at once, and how many may start in a time.
-- Read docs/guides/limits.md and docs/adr/0016-limits.md beside it.
--
-- A task without limits pays nothing for them: its row says so, and nothing here is read or written for it.

-- Functions whose columns or arguments change: made anew after the migrations.
drop function if exists pgconductor.claim_executions(uuid, text, integer, bigint, jsonb);
drop function if exists pgconductor._find_due(text, text[], text[], integer, bigint, jsonb, timestamptz);
drop function if exists pgconductor.list_tasks();
drop function if exists pgconductor._lease_rows(uuid, text, tid[], timestamptz, jsonb);

alter table pgconductor.tasks
    add column limit_path          text[] collate "C",
    add column max_running         integer,
    add column max_running_per_key integer,
    add column rate_count          integer,
    add column rate_seconds        double precision,
    add column rate_burst          integer,
    add column key_rate_count      integer,
    add column key_rate_seconds    double precision,
    add column key_rate_burst      integer,
    add column fair                boolean not null default false,
    add column holds               boolean not null default false,
    add column limits_revision     integer not null default 0,
    add constraint tasks_limit_path check (cardinality(limit_path) between 1 and 20 and array_position(limit_path, null) is null),
    add constraint tasks_max_running check (max_running between 1 and 1000000),
    add constraint tasks_max_running_per_key check (max_running_per_key between 1 and 1000000),
    add constraint tasks_rate check (
        (rate_count is null and rate_seconds is null and rate_burst is null)
        or (rate_count between 1 and 1000000000 and rate_seconds between 0.001 and 31557600 and rate_burst between 1 and 1000000000) is true),
    add constraint tasks_key_rate check (
        (key_rate_count is null and key_rate_seconds is null and key_rate_burst is null)
        or (key_rate_count between 1 and 1000000000 and key_rate_seconds between 0.001 and 31557600 and key_rate_burst between 1 and 1000000000) is true),
    add constraint tasks_limits_by_key check ((limit_path is not null) = (max_running_per_key is not null or key_rate_count is not null or fair));
comment on column pgconductor.tasks.limit_path is 'Where an execution''s key is in its payload, as payload #>> limit_path; null: nothing is limited or shared by key.';
comment on column pgconductor.tasks.max_running is 'How many of the task may run at once, in all processes; null: no limit.';
comment on column pgconductor.tasks.rate_count is 'So many may start each rate_seconds, and rate_burst at once after a pause; null: no limit.';
comment on column pgconductor.tasks.fair is 'Keys take turns, however much one of them has waiting.';
comment on column pgconductor.tasks.holds is 'It has limits, or something of former ones is left: it has a lane of its own, and claims go the way of limited tasks. Kept by a trigger.';
comment on column pgconductor.tasks.limits_revision is 'Grows with every change of its limits: lanes held under another are looked at anew.';

-- Claims ask only for the tasks that have limits.
create index tasks_holds on pgconductor.tasks (key) where holds;

-- The counters. Read and written only under the task's advisory lock (_lock_limits), which claims try and never wait for.
create table pgconductor.limits (
    task_key    text collate "C" not null,
    key         text collate "C" not null,
    running     integer not null default 0,
    tokens      double precision,
    refilled_at timestamptz,
    primary key (task_key, key)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
comment on table pgconductor.limits is 'What limited tasks and keys have taken. A key that runs nothing and has no rate has no row.';
comment on column pgconductor.limits.key is 'Empty: the task itself; "=" and the key; "-": the payload has no key.';
comment on column pgconductor.limits.running is 'Executions that hold a slot, and slots given back that no claim has counted yet (freed_slots).';
comment on column pgconductor.limits.tokens is 'Starts that were left at refilled_at; null: no rate.';

-- Which keys have executions that are held back, and since when each may go on: one row a (queue, key).
create table pgconductor.held_lanes (
    task_key  text collate "C" not null,
    key       text collate "C" not null,
    queue     text collate "C" not null,
    lane      text collate "C" not null,
    revision  integer not null,
    opens_at  timestamptz not null,
    primary key (task_key, key, queue)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
comment on table pgconductor.held_lanes is 'Lanes of keys that are held back. An execution may be in such a lane only while it has its row here.';
comment on column pgconductor.held_lanes.opens_at is 'When to look at it, and its turn among the others: in the past, it is open since; a time, its next token comes; ''infinity'': until a slot is given back.';
comment on column pgconductor.held_lanes.revision is 'The task''s limits_revision under which opens_at was decided.';
create index held_lanes_open on pgconductor.held_lanes (queue, task_key, revision, opens_at);

-- Slots that ended executions gave back: written by outcomes, which so wait for nobody; counted and deleted by the next claim.
create table pgconductor.freed_slots (
    task_key text collate "C" not null,
    key      text collate "C" not null,
    slots    integer not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
comment on table pgconductor.freed_slots is 'Slots given back by outcomes and not yet taken off limits.running.';
create index freed_slots_task on pgconductor.freed_slots (task_key);

alter table pgconductor.leases add column limited smallint[] not null default '{}';
comment on column pgconductor.leases.limited is 'Positions that hold slots of limits: extras -> ''limits'' lists the keys of them.';
comment on column pgconductor.leases.plain is 'No position needs more than forgetting when it completes: no history, no dedupe key, no large payload, no steps, no slot of a limit.';
comment on column pgconductor.leases.extras is 'The rarer columns of an execution (lane, max_attempts, dedupe_key, trace_parent, errors, large_payload_bytes, flow) and its slots (limits); null where all have their defaults.';
