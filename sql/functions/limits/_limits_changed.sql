-- Trigger: a task that has limits, or something left of former ones, has a lane of its own; and lanes held under other limits are looked at
-- anew. Whoever changes them: a worker that starts, or an operator with an UPDATE.
create or replace function pgconductor._limits_changed()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if new.limit_path is not null or new.max_running is not null or new.rate_count is not null then
        new.holds := true;
    end if;
    if new.holds and (new.lane in ('', '?') or tg_op = 'INSERT' and new.lane = new.key) then
        new.lane := pgconductor._own_lane(new.key, true);
    end if;
    if tg_op = 'UPDATE' and (new.limit_path, new.max_running, new.max_running_per_key, new.rate_count, new.rate_seconds, new.rate_burst,
            new.key_rate_count, new.key_rate_seconds, new.key_rate_burst, new.fair)
        is distinct from (old.limit_path, old.max_running, old.max_running_per_key, old.rate_count, old.rate_seconds, old.rate_burst,
            old.key_rate_count, old.key_rate_seconds, old.key_rate_burst, old.fair) then
        new.limits_revision := old.limits_revision + 1;
    end if;
    return new;
end
$$;
