-- Windows, several a task, and the log lines of executions. Read docs/guides/windows.md and docs/guides/logs-and-telemetry.md
-- beside it.

-- Their columns or arguments change: made anew after the migrations.
drop function if exists pgconductor.claim_executions(uuid, text, integer, bigint, jsonb);
drop function if exists pgconductor.list_tasks();
drop function if exists pgconductor._window_open(time, time, text, timestamptz);

-- What a claim asks is week_open: every window of the task as one set of moments of a local week, so that a window over midnight,
-- several of them, and days of the week cost what one does.
alter table pgconductor.tasks
    add column windows   text[],
    add column week_open int8multirange,
    add column keep_logs interval default '0' check (keep_logs between interval '0' and interval '1000 years');
comment on column pgconductor.tasks.windows is 'When the task may run: "09:00-17:00", "mon-fri 22:00-06:00"; one of them is enough. Null: always, unless window_start says otherwise.';
comment on column pgconductor.tasks.window_start is 'With window_end: one more window, of every day. Start inclusive, end exclusive, in time_zone.';
comment on column pgconductor.tasks.week_open is 'Computed by a trigger from windows, window_start and window_end: the microseconds since Monday 00:00 at which one of them is open; null: always.';
comment on column pgconductor.tasks.keep_logs is 'How long log lines of its executions are kept from when they were written; 0: not at all; null: for ever.';

-- Log lines, partitioned by the day on which they may go, as the history is.
create table pgconductor.execution_logs (
    execution_id uuid not null,
    expires_at   timestamptz not null,
    logged_at    timestamptz not null,
    ordinal      integer not null,
    attempt      smallint not null,
    level        smallint not null,
    category     text not null,
    message      text not null,
    exception    text
) partition by range (expires_at);
comment on table pgconductor.execution_logs is 'What handlers logged, as far as their tasks keep it. pgconductor.get_execution_logs reads it.';
comment on column pgconductor.execution_logs.ordinal is 'The order within one run.';
comment on column pgconductor.execution_logs.level is '0 trace, 1 debug, 2 information, 3 warning, 4 error, 5 critical.';
create index execution_logs_execution on pgconductor.execution_logs (execution_id, logged_at);

create table pgconductor.execution_logs_forever partition of pgconductor.execution_logs for values from ('infinity') to (maxvalue);
create table pgconductor.execution_logs_default partition of pgconductor.execution_logs default;
alter table pgconductor.execution_logs_forever replica identity full;
alter table pgconductor.execution_logs_default replica identity full;
create index execution_logs_default_expiry on pgconductor.execution_logs_default (expires_at);
