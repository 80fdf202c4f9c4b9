-- The schedules to look at now, the longest due first, as parallel arrays, with what a process needs to compute their ticks
-- and nothing more; advance_schedules stores what it decides. Locks nothing: any number of processes may look at the same ones.
--
-- Planner: by the index of what is due, whatever the table held when the plan was made.
--
-- p_skip_keys, p_skip_revisions: those that this process cannot read, to be left to others until they change.
-- looked_at: the database's time, by which the ticks are to be decided. next_in: how long until another one is due; null: none.
create or replace function pgconductor.due_schedules(
    p_limit          integer,
    p_skip_keys      text[] default '{}',
    p_skip_revisions bigint[] default '{}',
    out looked_at  timestamptz,
    out next_in    interval,
    out keys       text[],
    out revisions  bigint[],
    out task_keys  text[],
    out crons      text[],
    out time_zones text[],
    out missed     text[],
    out tolerances double precision[],
    out catch_ups  integer[],
    out last_ticks timestamptz[])
language plpgsql
stable
set search_path = ''
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
begin
    looked_at := pgconductor.current_time();

    select coalesce(array_agg(d.key), '{}'), coalesce(array_agg(d.revision), '{}'), coalesce(array_agg(d.task_key), '{}'),
        coalesce(array_agg(d.cron), '{}'), coalesce(array_agg(d.time_zone), '{}'), coalesce(array_agg(d.missed), '{}'),
        coalesce(array_agg(extract(epoch from d.tolerance)::double precision), '{}'), coalesce(array_agg(d.catch_up), '{}'),
        coalesce(array_agg(d.last_tick), '{}')
    into keys, revisions, task_keys, crons, time_zones, missed, tolerances, catch_ups, last_ticks
    from (
        select s.*
        from pgconductor.schedules s
        where not s.paused and s.look_at <= looked_at
            and (s.key, s.revision) not in (select u.key, u.revision from unnest(p_skip_keys, p_skip_revisions) u (key, revision))
        order by s.look_at
        limit p_limit
    ) d;

    select s.look_at - looked_at into next_in
    from pgconductor.schedules s
    where not s.paused and s.look_at > looked_at and s.look_at < 'infinity'
    order by s.look_at
    limit 1;
end
$$;
