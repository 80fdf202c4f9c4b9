using Microsoft.Extensions.Logging;

namespace PgConductor;

/// <summary>How log lines of executions are kept in the database: of which tasks, and how much at most.</summary>
/// <remarks>
/// Keeping them never slows or fails an execution: what is too much is dropped, and counted (<c>pgconductor.logs.dropped</c>). Lines are
/// written in batches beside the handlers; a process that dies takes with it those of the last <see cref="FlushInterval"/>, and of as long as
/// the database could not be reached. Immutable and safe to share.
/// </remarks>
public sealed record ExecutionLogOptions
{
    /// <summary>How long lines are kept, from when they were written, of tasks that do not say (<see cref="TaskOptions.KeepLogs"/>).</summary>
    /// <value>Default null: not at all, unless the database has another retention for the task and the task's own options keep them.</value>
    public Retention? Keep { get; init; }

    /// <summary>The lowest level that is kept. What the program's logging filters out does not come here at all.</summary>
    /// <value>Default Information.</value>
    public LogLevel MinLevel { get; init; } = LogLevel.Information;

    /// <summary>The most lines kept of one run of an execution; the rest is counted in a last line.</summary>
    /// <value>Default 1000; 1 to 100000.</value>
    public int MaxEntries { get; init; } = 1000;

    /// <summary>The most bytes (UTF-8) kept of one run. A message is cut at 8192 characters, an exception at 16384.</summary>
    /// <value>Default 262144; 1024 to 104857600.</value>
    public int MaxBytes { get; init; } = 256 * 1024;

    /// <summary>The longest that a line waits to be written.</summary>
    /// <value>Default 500 ms; 0 to 1 min.</value>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The most lines of the whole process that wait to be written; what comes beyond is dropped.</summary>
    /// <value>Default 10000; 1 to 1000000.</value>
    public int MaxWaiting { get; init; } = 10_000;

    internal void Validate(ICollection<string> faults)
    {
        Check(MaxEntries, 1, 100_000, nameof(MaxEntries));
        Check(MaxBytes, 1024, 100 * 1024 * 1024, nameof(MaxBytes));
        Check(MaxWaiting, 1, 1_000_000, nameof(MaxWaiting));
        if (FlushInterval < TimeSpan.Zero || FlushInterval > TimeSpan.FromMinutes(1))
        {
            faults.Add($"Logs: FlushInterval {FlushInterval} must be 0 to 1 min");
        }

        if (MinLevel is < LogLevel.Trace or > LogLevel.None)
        {
            faults.Add($"Logs: MinLevel {MinLevel} is no level: Trace to None");
        }

        void Check(int value, int min, int max, string name)
        {
            if (value < min || value > max)
            {
                faults.Add($"Logs: {name} {value} must be {min} to {max}");
            }
        }
    }
}
