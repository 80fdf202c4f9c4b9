-- Schedules whose runs do not overlap.

alter table pgconductor.schedules add column overlap boolean not null default true;
comment on column pgconductor.schedules.overlap is 'False: a tick is left out while an earlier run waits or runs. Its runs share a dedupe key.';

-- Their arguments or columns change: made anew after the migrations. Old processes call them without the new ones.
drop function if exists pgconductor.schedule(text, text, text, jsonb, text, text, integer, text, interval, integer);
drop function if exists pgconductor._put_schedule(text, text, text, text, jsonb, text, text, integer, text, interval, integer);
drop function if exists pgconductor.list_schedules(text);
