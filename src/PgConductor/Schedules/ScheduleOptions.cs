namespace PgConductor.Schedules;

/// <summary>How a schedule runs.</summary>
/// <remarks>Immutable and safe to share.</remarks>
public sealed record ScheduleOptions
{
    /// <summary>The default: by UTC, one run for all that were missed.</summary>
    public static ScheduleOptions Default { get; } = new();

    /// <summary>The zone by whose clock it runs: an IANA name such as "Europe/Berlin"; see <see cref="ScheduleTimeZone.Find"/>.</summary>
    /// <value>Default "UTC".</value>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>The queue of its runs, which must exist.</summary>
    /// <value>Default null: the task's, whichever it is then.</value>
    public string? Queue { get; init; }

    /// <summary>Each run's priority; higher runs sooner, within its queue.</summary>
    /// <value>Default 0; -100 to 100.</value>
    public int Priority { get; init; }

    /// <summary>What becomes of runs that were not started in time.</summary>
    /// <value>Default <see cref="MissedRuns.Once"/>.</value>
    public MissedRuns Missed { get; init; } = MissedRuns.Once;

    /// <summary>How late a run may be started without counting as missed.</summary>
    /// <value>Default 1 min; 0 to 365 days, to the microsecond.</value>
    public TimeSpan Tolerance { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The most runs that are made up for at a time; of more, the oldest are dropped.</summary>
    /// <value>Default 100; 1 to 1000.</value>
    public int CatchUp { get; init; } = 100;

    /// <summary>Whether a run is enqueued while an earlier one of the schedule waits or runs; off: that tick is left out.</summary>
    /// <value>Default true. Off, the runs have a dedupe key of their own, and of several that are made up for at a time only the first is enqueued.</value>
    public bool Overlap { get; init; } = true;
}
