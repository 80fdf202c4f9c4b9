namespace PgConductor;

/// <summary>Settings of a task. What is left null keeps what the database has; a new task starts with the defaults.</summary>
/// <remarks>
/// Written to the database whenever a worker that serves the task starts, so the newest process to start decides.
/// Immutable and safe to share.
/// </remarks>
public sealed record TaskOptions
{
    /// <summary>The default: nothing is overridden.</summary>
    public static TaskOptions Default { get; } = new();

    /// <summary>The queue its executions wait in unless an invoke names another.</summary>
    /// <value>Default "default". 1 to 200 bytes, no control characters.</value>
    public string Queue { get; init; } = "default";

    /// <summary>How often an execution is started before it is dead-lettered, crashes of its process included.</summary>
    /// <value>Default 5; 1 to 32767.</value>
    public int? MaxAttempts { get; init; }

    /// <summary>The pause before each retry: the first after the first failure, the last one repeats.</summary>
    /// <value>Default 15 s, 30 s, 1 m, 2 m, 5 m, 10 m, 20 m, 40 m, 1 h, 2 h; each zero to 100 years.</value>
    public IReadOnlyList<TimeSpan>? Backoff { get; init; }

    /// <summary>The share by which each pause is spread at random, so that failures of one moment do not come back as one.</summary>
    /// <value>Default 0.1 (±10 %); 0 to 1.</value>
    public double? BackoffJitter { get; init; }

    /// <summary>A function that decides the pause instead: given the attempt that failed (1-based) and the error; null falls back to <see cref="Backoff"/>.</summary>
    public Func<int, Exception, TimeSpan?>? BackoffFunction { get; init; }

    /// <summary>How long a handler may run before its token is cancelled and the attempt counts as failed.</summary>
    /// <value>Default null: no limit. More than zero.</value>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Runs executions together: the handler gets many at once. Such a task is added with AddBatch.</summary>
    /// <value>Default null: one by one. The timeout is that of a whole batch then.</value>
    public BatchOptions? Batch { get; init; }

    /// <summary>How long completed executions, with their results, are kept.</summary>
    /// <value>Default 1 day.</value>
    public Retention? KeepCompleted { get; init; }

    /// <summary>How long failed (dead letters) and cancelled executions are kept.</summary>
    /// <value>Default 14 days.</value>
    public Retention? KeepFailed { get; init; }

    /// <summary>How much of the task may run at once, or start in a time, in all processes together; also for each key in its payloads.</summary>
    /// <value>Default null; <see cref="TaskLimits.None"/> removes what the database has.</value>
    public TaskLimits? Limits { get; init; }

    /// <summary>How long what its handler logs is kept with the execution, from when it was logged: <see cref="Client.IConductor.GetLogsAsync"/>.</summary>
    /// <value>Default null: as <see cref="ExecutionLogOptions.Keep"/> of the process says, by default not at all. Of batches nothing is kept: what their handlers log belongs to none of the executions.</value>
    public Retention? KeepLogs { get; init; }

    /// <summary>When its executions may run: in one of these windows. Outside of them they wait; one that runs while the last closes is put away at its next step and goes on when the next opens.</summary>
    /// <value>Default null: what the database has; a new task: always. Empty: always. At most 100.</value>
    public IReadOnlyList<ExecutionWindow>? Windows { get; init; }

    /// <summary>The time zone of <see cref="Windows"/>.</summary>
    /// <value>Default null: what the database has; a new task: "UTC". An IANA name such as "Europe/Berlin"; the database computes with it, and one that it does not know fails the start.</value>
    public string? TimeZone { get; init; }

    private static readonly TimeSpan _longestPause = TimeSpan.FromDays(36_525);

    internal void Validate(string key, ICollection<string> faults)
    {
        if (Queue.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(Queue) > 200 || Queue.Any(char.IsControl) || StorableText.FindFault(Queue) is not null)
        {
            faults.Add($"task \"{key}\": Queue \"{Queue}\" must be 1 to 200 bytes of valid text without control characters");
        }

        if (MaxAttempts is < 1 or > short.MaxValue)
        {
            faults.Add($"task \"{key}\": MaxAttempts {MaxAttempts} must be 1 to {short.MaxValue}");
        }

        if (Backoff is { Count: 0 })
        {
            faults.Add($"task \"{key}\": Backoff must have at least one pause; leave it null for the default");
        }

        if (Backoff?.Any(pause => pause < TimeSpan.Zero || pause > _longestPause) == true)
        {
            faults.Add($"task \"{key}\": Backoff has a pause below zero or above {_longestPause.TotalDays} days");
        }

        if (BackoffJitter is < 0 or > 1 or double.NaN)
        {
            faults.Add($"task \"{key}\": BackoffJitter {BackoffJitter} must be 0 to 1");
        }

        if (Windows?.Count > 100)
        {
            faults.Add($"task \"{key}\": Windows has {Windows.Count} of them; at most 100 are possible");
        }

        if (TimeZone is { } zone && (zone.Trim().Length == 0 || StorableText.FindFault(zone) is not null))
        {
            faults.Add($"task \"{key}\": TimeZone \"{zone}\" must be the name of a time zone, such as \"Europe/Berlin\" or \"UTC\"");
        }

        if (Timeout is { } timeout && (timeout <= TimeSpan.Zero || timeout > TimeSpan.FromDays(24)))
        {
            faults.Add($"task \"{key}\": Timeout {timeout} must be more than zero and at most 24 days");
        }

        Limits?.Validate(key, faults);
        Batch?.Validate(key, faults);
    }
}
