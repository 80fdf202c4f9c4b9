-- Steps: the memoised parts of executions, finished ones and those that are waited for. Read docs/concepts/steps.md beside it.
--
-- An execution that has no step and no parent pays nothing for them: its "flow" is null everywhere, and nothing here
-- is read or written for it.

-- Functions whose columns change: made anew after the migrations.
drop function if exists pgconductor.claim_executions(uuid, text, integer, bigint, jsonb);
drop function if exists pgconductor._lease_rows(uuid, text, tid[], timestamptz, jsonb);
drop function if exists pgconductor._take_rows(text, tid[]);
drop function if exists pgconductor._settle(uuid, bigint[], bigint[], integer[], text[], jsonb[], jsonb[], double precision[], timestamptz);
drop function if exists pgconductor.get_execution(uuid);

create table pgconductor.steps (
    execution_id uuid not null,
    started_at   timestamptz not null,
    finished_at  timestamptz,
    deadline     timestamptz,
    child_id     uuid,
    ordinal      integer not null,
    bytes        integer not null default 0,
    pending      integer,
    failed       boolean not null default false,
    detached     boolean not null default false,
    kind         text collate "C" not null default 'step',
    name         text collate "C" not null check (name <> '' and octet_length(name) <= 400),
    group_name   text collate "C",
    key          text collate "C",
    detail       jsonb,
    result       jsonb,
    primary key (execution_id, name)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
comment on table pgconductor.steps is 'The parts of executions that are remembered: finished ones never run again, unfinished ones are waited for.';
comment on column pgconductor.steps.started_at is 'What the execution''s own clock said when the step was asked for.';
comment on column pgconductor.steps.finished_at is 'Null: it is waited for.';
comment on column pgconductor.steps.deadline is 'Of a wait: when it ends without an outcome; of a sleep: when it is over.';
comment on column pgconductor.steps.pending is 'Of a group (kind all): how many of its waits are still without an outcome.';
comment on column pgconductor.steps.failed is 'The result says how it failed.';
comment on column pgconductor.steps.detached is 'A child that goes on when its parent is cancelled.';
comment on column pgconductor.steps.kind is 'step; or what is waited for: sleep, child, all (a group), or whatever else resolves its waits with _resolve_waits.';
comment on column pgconductor.steps.key is 'Of a wait for something shared: what it is found by, with its kind.';
comment on column pgconductor.steps.bytes is 'Of the result: a claim carries only so many.';

-- Those who wait for one thing, such as an event.
create index steps_awaited on pgconductor.steps (kind, key) where finished_at is null and key is not null;

alter table pgconductor.executions add column flow jsonb;
comment on column pgconductor.executions.flow is 'Not null: it may have steps. parent, queue, step: whose child it is, and for which step. waiting: it waits for more than time.';
alter table pgconductor.completed_executions add column flow jsonb;
alter table pgconductor.failed_executions add column flow jsonb;

alter table pgconductor.leases add column stepped smallint[] not null default '{}';
comment on column pgconductor.leases.stepped is 'Positions whose executions may have steps: their outcomes have more to do.';
comment on column pgconductor.leases.plain is 'No position needs more than forgetting when it completes: no history, no dedupe key, no large payload, no steps.';
comment on column pgconductor.leases.extras is 'The rarer columns of an execution (lane, max_attempts, dedupe_key, trace_parent, errors, large_payload_bytes, flow); null where all have their defaults.';

-- Children that nobody waits for any more: cancelled by the next heartbeat, in transactions of their own.
create table pgconductor.orphans (
    execution_id uuid primary key,
    reason       text not null
);
comment on table pgconductor.orphans is 'Executions to be cancelled, because the parent that started them has ended or has given up waiting.';

do $$
begin
    if 'lz4' = any (array(select unnest(enumvals) from pg_catalog.pg_settings where name = 'default_toast_compression')) then
        alter table pgconductor.steps alter column result set compression lz4;
    end if;
end
$$;
