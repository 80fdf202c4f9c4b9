namespace PgConductor.Testing.Assertions;

/// <summary>What a database has left to do, asked of its tables.</summary>
internal static class WorkSql
{
    /// <summary>Executions that are due, of tasks with limits that may run now: what <c>oldest_due</c> leaves out, because it may be held back.</summary>
    private const string DueLimited = """
        from pgconductor.executions e
        join pgconductor.queues q on q.name = e.queue and not q.paused
        join pgconductor.tasks t on t.key = e.task_key and t.holds and not t.paused
            and pgconductor._window_open(t.week_open, t.time_zone, pgconductor.current_time())
        left join pgconductor.held_lanes h on h.queue = e.queue and h.lane = e.lane
        left join pgconductor.limits l on l.task_key = t.key and l.key = ''
        cross join lateral pgconductor._limit_state(null, t.rate_count, t.rate_seconds, t.rate_burst, null, l.tokens, l.refilled_at,
            pgconductor.current_time()) s
        where e.run_at <= pgconductor.current_time()
        """;

    /// <summary>Whether nothing runs and nothing is due.</summary>
    /// <remarks>
    /// Without a lease nobody holds a slot, so a limit of how many run at once holds nothing back: what its counters still say is what
    /// the next claim corrects. Only a rate does, until its next token.
    /// </remarks>
    public const string IsDone = $"""
        select not exists (select from pgconductor.leases)
            and not exists (select from pgconductor.oldest_due())
            and not exists (
                select {DueLimited}
                    and s.room is distinct from 0
                    and (h.lane is null or h.revision < t.limits_revision or h.opens_at <= pgconductor.current_time() or h.opens_at = 'infinity'))
            and not exists (
                select from pgconductor.schedules s where not s.paused and s.fault is null and s.look_at <= pgconductor.current_time())
        """;

    /// <summary>When something is due next: by its own time, its schedule's, its window's, or by a rate's next token.</summary>
    public const string NextDue = $"""
        select least(
            (select min(e.run_at) from pgconductor.executions e where e.run_at > pgconductor.current_time() and e.run_at < 'infinity'),
            (select min(s.look_at) from pgconductor.schedules s
             where not s.paused and s.look_at > pgconductor.current_time() and s.look_at < 'infinity'),
            (select min(pgconductor._window_change(t.week_open, t.time_zone, pgconductor.current_time())) from pgconductor.tasks t
             where not t.paused and t.week_open is not null
                 and not pgconductor._window_open(t.week_open, t.time_zone, pgconductor.current_time())
                 and exists (select from pgconductor.executions e where e.task_key = t.key and e.run_at <= pgconductor.current_time())),
            (select min(greatest(case when s.room = 0 then s.opens_at end, nullif(h.opens_at, 'infinity'))) {DueLimited}
                 and greatest(case when s.room = 0 then s.opens_at end, nullif(h.opens_at, 'infinity')) > pgconductor.current_time()))
        """;

    /// <summary>Schedules that are due: key and task.</summary>
    public const string DueSchedules =
        "select s.key, s.task_key from pgconductor.schedules s where not s.paused and s.fault is null and s.look_at <= pgconductor.current_time() order by s.look_at limit 10";
}
