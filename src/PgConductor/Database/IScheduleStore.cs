using Npgsql;
using PgConductor.Schedules;

namespace PgConductor.Database;

/// <summary>Schedules.</summary>
internal interface IScheduleStore
{
    Task<ScheduleChange> ScheduleAsync(ScheduleSpec schedule, NpgsqlTransaction? transaction, CancellationToken cancellationToken);

    Task<bool> UnscheduleAsync(string key, bool force, CancellationToken cancellationToken);

    Task PauseScheduleAsync(string key, CancellationToken cancellationToken);

    Task ResumeScheduleAsync(string key, CancellationToken cancellationToken);

    Task<Guid> RunScheduleAsync(string key, CancellationToken cancellationToken);

    Task<IReadOnlyList<ScheduleInfo>> ListSchedulesAsync(string? key, CancellationToken cancellationToken);

    /// <summary>Makes a service's declared schedules exactly these.</summary>
    Task<DeclarationReport> DeclareSchedulesAsync(string service, IReadOnlyCollection<ScheduleSpec> schedules, CancellationToken cancellationToken);

    /// <summary>What is to be looked at now, without what the caller cannot read. Not retried here: the scheduler decides.</summary>
    Task<DueSchedules> GetDueSchedulesAsync(int limit, IReadOnlyCollection<(string Key, long Revision)> skip, CancellationToken cancellationToken);

    /// <summary>Enqueues the runs decided and moves the schedules on; an answer for each. Not retried here: what was done is not due any more.</summary>
    Task<IReadOnlyList<AdvanceAnswer>> AdvanceSchedulesAsync(IReadOnlyList<ScheduleAdvance> advances, CancellationToken cancellationToken);

    Task ReportScheduleFaultAsync(string key, long revision, string fault, CancellationToken cancellationToken);
}

internal readonly record struct DeclarationReport(int Created, int Changed, int Removed);

/// <summary>Schedules to be looked at, at the database's time; NextIn: how long until another one is due, null: none.</summary>
internal sealed record DueSchedules(DateTimeOffset LookedAt, TimeSpan? NextIn, IReadOnlyList<DueSchedule> Schedules);

/// <summary>What is needed to compute a schedule's ticks.</summary>
internal sealed record DueSchedule(string Key, long Revision, string TaskKey, string Cron, string TimeZone, MissedRuns Missed, TimeSpan Tolerance, int CatchUp, DateTimeOffset LastTick);

/// <summary>What was decided about a schedule of this revision.</summary>
internal sealed record ScheduleAdvance(string Key, long Revision, DateTimeOffset LastTick, DateTimeOffset? NextTick, IReadOnlyList<DateTimeOffset> Ticks);

internal enum AdvanceEffect
{
    Advanced,
    Stale,
    Failed,
}

internal readonly record struct AdvanceAnswer(AdvanceEffect Effect, string? Detail);
