-- Ids of leases: the microsecond of the claim, and which session claimed. By the microsecond alone, two sessions that claim hundreds of
-- times a second collide every few seconds, and the claim that comes second fails (docs/adr/0010-claims-commit-asynchronously.md).
-- Greater than those before, and good until the year 2112.
alter table pgconductor.leases
    alter column id set default (extract(epoch from clock_timestamp()) * 1000000)::bigint * 2048 + pg_backend_pid() % 2048;
comment on column pgconductor.leases.id is 'The microsecond of the claim, by the real clock, times 2,048, plus the process id of its session modulo that: not a sequence, which would give an id again after a crash that lost an asynchronously committed claim (docs/adr/0010).';

-- A function whose arguments change: made anew after the migrations.
drop function if exists pgconductor.find_late_arrivals(uuid, text, jsonb, interval);
