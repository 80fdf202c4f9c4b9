-- Events: what is emitted, who is subscribed to what, and what could not be delivered. Read docs/guides/events.md beside it.

-- The functions that change their body only need nothing here; this one's table gets its trigger in sql/wiring/events.sql.
create table pgconductor.events (
    id           uuid primary key,
    emitted_at   timestamptz not null,
    attempts     smallint not null default 0,
    repeated     boolean not null default false,
    left_over    boolean not null default false,
    key          text collate "C" not null,
    trace_parent text,
    payload      jsonb not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
comment on table pgconductor.events is 'Emitted and not delivered yet: delivered and deleted by the emitting transaction as it commits, else by the next heartbeat.';
-- Only what is left is in it: a heartbeat does not wade through what commits have delivered, however long others hold its dead rows.
create index events_left on pgconductor.events (id) where left_over;

comment on column pgconductor.events.left_over is 'It could not be delivered at its commit.';
comment on column pgconductor.events.repeated is 'The emit may have been made before and its reply lost.';

create table pgconductor.subscriptions (
    service      text collate "C" not null check (service <> '' and octet_length(service) <= 200),
    task_key     text collate "C" not null check (task_key not in ('', '?') and octet_length(task_key) <= 200),
    name         text collate "C" not null check (name <> '' and octet_length(name) <= 400),
    event_key    text collate "C" check (event_key <> '' and octet_length(event_key) <= 400),
    table_schema text collate "C",
    table_name   text collate "C",
    operation    text collate "C" check (operation in ('insert', 'update', 'delete')),
    columns      text[],
    fields       text[],
    filter       jsonb,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    primary key (service, task_key, name),
    constraint subscriptions_source check (
        (event_key is not null and table_schema is null and table_name is null and operation is null and columns is null)
        or (event_key is null and fields is null and table_schema is not null and table_name is not null and operation is not null))
);
comment on table pgconductor.subscriptions is 'Which task is started by which event, as the services'' code declares it; a service changes its own only.';
comment on column pgconductor.subscriptions.event_key is 'Null: a change of a table.';
comment on column pgconductor.subscriptions.columns is 'What of the row goes into the payload; an update counts only if one of them changed. Null: all.';
comment on column pgconductor.subscriptions.fields is 'What of the event''s payload becomes the execution''s. Null: all of it.';
comment on column pgconductor.subscriptions.filter is '{"contains": a JSON value, "path": a jsonpath predicate}; both, one, or null.';

-- An emit and a trigger ask for their own and nothing else.
create index subscriptions_event on pgconductor.subscriptions (event_key) where event_key is not null;
create index subscriptions_table on pgconductor.subscriptions (table_schema, table_name, operation) where table_name is not null;

create table pgconductor.event_failures (
    id           bigint generated always as identity primary key,
    failed_at    timestamptz not null,
    event_id     uuid,
    execution_id uuid,
    event_key    text collate "C",
    table_schema text collate "C",
    table_name   text collate "C",
    operation    text collate "C",
    service      text collate "C",
    task_key     text collate "C",
    name         text collate "C",
    sqlstate     text not null,
    message      text not null,
    payload      jsonb,
    reported     boolean not null default false
);
comment on table pgconductor.event_failures is 'What an event should have started or woken, and did not: a filter or a payload that cannot be. Kept for 14 days.';
comment on column pgconductor.event_failures.execution_id is 'The execution whose wait could not be decided; null: a subscription''s failure.';
comment on column pgconductor.event_failures.payload is 'What was to be delivered, if it is not longer than 8 kB.';
comment on column pgconductor.event_failures.reported is 'A process has logged and counted it.';
create index event_failures_age on pgconductor.event_failures (failed_at);
create index event_failures_unreported on pgconductor.event_failures (id) where not reported;
