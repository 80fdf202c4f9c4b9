-- Stores what a process decided about schedules that due_schedules gave it: enqueues the runs of their ticks and moves them on,
-- in one transaction, so that each tick is enqueued once, by whoever is first.
--
-- Parallel arrays, one element a schedule: the revision it looked at, the latest tick decided, the next one (null: none), and how many
-- of p_ticks, which has those to run one schedule after the other, are its own. A row for each:
--   'advanced'  done; detail says so if ticks were left out because an earlier run had not ended
--   'stale'     somebody else moved it on, changed, paused or removed it, or is about to: nothing happened
--   'failed'    its runs cannot be enqueued, detail says why: kept in the row as its fault, and tried again in a minute
-- A run is made with the schedule's payload, queue and priority; its id is _tick_id's.
create or replace function pgconductor.advance_schedules(
    p_keys       text[],
    p_revisions  bigint[],
    p_last_ticks timestamptz[],
    p_next_ticks timestamptz[],
    p_counts     integer[],
    p_ticks      timestamptz[])
returns table (item integer, effect text, detail text)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_now      timestamptz := pgconductor.current_time();
    v_item     record;
    v_schedule pgconductor.schedules;
    v_ids      uuid[];
    v_left_out integer;
    v_effect   text;
    v_detail   text;
begin
    -- In order of key, so that two processes do not wait for each other; and neither waits at all.
    for v_item in
        select u.*, sum(u.count) over (order by u.ordinal) - u.count as skipped
        from unnest(p_keys, p_revisions, p_last_ticks, p_next_ticks, p_counts)
            with ordinality u (key, revision, last_tick, next_tick, count, ordinal)
        order by u.key
    loop
        v_effect := 'stale';
        v_detail := null;
        select * into v_schedule
        from pgconductor.schedules s
        where s.key = v_item.key and s.revision = v_item.revision and not s.paused
        for update skip locked;

        if found then
            begin
                -- One that waits already is not enqueued again: the clock was set back, and the schedule made anew.
                v_ids := array(
                    select pgconductor._tick_id(v_item.key, t.tick)
                    from unnest(p_ticks[v_item.skipped + 1 : v_item.skipped + v_item.count]) t (tick)
                    where not exists (select from pgconductor.executions e where e.id = pgconductor._tick_id(v_item.key, t.tick))
                    order by t.tick);
                v_left_out := 0;
                if cardinality(v_ids) > 0 then
                    select count(*) into v_left_out
                    from pgconductor.invoke_batch(
                        array_fill(v_schedule.task_key, array[cardinality(v_ids)]),
                        array_fill(v_schedule.payload, array[cardinality(v_ids)]),
                        v_ids,
                        array_fill(v_schedule.queue, array[cardinality(v_ids)]),
                        p_priorities => array_fill(v_schedule.priority::integer, array[cardinality(v_ids)]),
                        p_dedupe_keys => case when not v_schedule.overlap
                            then array_fill(pgconductor._run_key(v_item.key), array[cardinality(v_ids)]) end) i
                    where i.disposition = 'existing';
                end if;

                update pgconductor.schedules s
                set last_tick = greatest(s.last_tick, v_item.last_tick), next_run_at = v_item.next_tick,
                    look_at = coalesce(v_item.next_tick, 'infinity'), revision = s.revision + 1, fault = null,
                    last_run_at = case when v_item.count > v_left_out then v_now else s.last_run_at end
                where s.key = v_item.key;
                v_effect := 'advanced';
                if v_left_out > 0 then
                    v_detail := format('%s of %s ticks left out: an earlier run has not ended', v_left_out, v_item.count);
                end if;
            exception
                when others then
                    -- Only what is wrong with this schedule: not locks, rights, or a server that is shutting down.
                    if left(sqlstate, 2) not in ('PC', '22', '23', '54') then
                        raise;
                    end if;
                    v_effect := 'failed';
                    v_detail := sqlerrm;
                    update pgconductor.schedules s
                    set fault = v_detail, look_at = v_now + interval '1 minute'
                    where s.key = v_item.key;
            end;
        end if;

        return query select v_item.ordinal::integer, v_effect, v_detail;
    end loop;
end
$$;
