-- Schedules: what runs when. Read docs/guides/schedules.md beside it.
--
-- The rows are the truth: an execution is made from one when its tick has come, and nothing is enqueued ahead of time. Ticks are
-- computed by processes, because PostgreSQL reads no cron expressions; what they decide is stored by one statement that
-- enqueues the runs and moves last_tick, and only if nobody was faster.

-- Its columns change: made anew after the migrations.
drop function if exists pgconductor.orchestrator_heartbeat(uuid, interval, bigint[], boolean, bigint[], interval);

create table pgconductor.schedules (
    key         text collate "C" primary key check (key <> '' and octet_length(key) <= 200),
    service     text collate "C" check (service <> '' and octet_length(service) <= 200),
    task_key    text collate "C" not null,
    queue       text collate "C",
    cron        text not null check (char_length(cron) between 1 and 500),
    time_zone   text not null default 'UTC',
    priority    smallint not null default 0 check (priority between -100 and 100),
    missed      text not null default 'once' check (missed in ('skip', 'once', 'all')),
    tolerance   interval not null default '1 minute' check (tolerance between interval '0' and interval '1 year'),
    catch_up    integer not null default 100 check (catch_up between 1 and 1000),
    paused      boolean not null default false,
    revision    bigint not null default 1,
    last_tick   timestamptz not null,
    look_at     timestamptz not null,
    next_run_at timestamptz,
    last_run_at timestamptz,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    fault       text,
    payload     jsonb,
    payload_md5 text generated always as (md5(payload::text)) stored
) with (fillfactor = 70);
comment on column pgconductor.schedules.service is 'The service whose code declares the schedule, and which alone changes and removes it; null: dynamic, made by a call.';
comment on column pgconductor.schedules.queue is 'Null: the task''s.';
comment on column pgconductor.schedules.revision is 'Grows with every change. Whoever advances a schedule names the revision it looked at.';
comment on column pgconductor.schedules.last_tick is 'Up to here every tick is decided, run or not.';
comment on column pgconductor.schedules.look_at is 'When a process is to look at it: the next tick; at once when its ticks are still to be computed; ''infinity'': never.';
comment on column pgconductor.schedules.next_run_at is 'The next tick, for people; null: none, or not computed yet.';
comment on column pgconductor.schedules.fault is 'Why it could not be looked at or run, the last time that somebody tried.';

comment on column pgconductor.schedules.payload_md5 is 'So that who may make schedules can tell whether one changes, and cannot read the payloads of others.';

create index schedules_due on pgconductor.schedules (look_at) where not paused;
