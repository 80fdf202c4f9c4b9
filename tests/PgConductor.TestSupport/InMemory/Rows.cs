using System.Collections.Immutable;
using System.Text.Json;

namespace PgConductor.TestSupport.InMemory;

/// <summary>A row of executions: what is not running.</summary>
internal sealed record ExecutionRow
{
    public required Guid Id { get; init; }

    public required string Queue { get; init; }

    public required string TaskKey { get; init; }

    public required DateTime RunAt { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required byte[] Payload { get; init; }

    public int Priority { get; init; }

    public int Attempts { get; init; }

    public int? MaxAttempts { get; init; }

    public string? DedupeKey { get; init; }

    public string? TraceParent { get; init; }

    public ImmutableList<JsonElement> Errors { get; init; } = [];

    /// <summary>It may have steps, or a parent.</summary>
    public bool HasFlow { get; init; }

    /// <summary>It waits for more than time.</summary>
    public bool IsWaiting { get; init; }

    /// <summary>Whose child it is, and for which step.</summary>
    public ParentRow? Parent { get; init; }

    /// <summary>The order of arrival: breaks ties of time, as the place in the table does.</summary>
    public long Sequence { get; init; }
}

/// <summary>The parent of an execution.</summary>
internal sealed record ParentRow(Guid Id, string Queue, string Step);

/// <summary>A row of steps.</summary>
internal sealed class StepRow
{
    public required string Name { get; init; }

    public required int Ordinal { get; init; }

    public required DateTime StartedAt { get; init; }

    public string Kind { get; init; } = Database.StepKind.Step;

    public string? Group { get; init; }

    public Guid? ChildId { get; init; }

    public bool Detached { get; init; }

    /// <summary>What is waited for, if it is shared; with the queue of who waits, and what must match.</summary>
    public string? Key { get; init; }

    public string? Queue { get; init; }

    public JsonElement? Match { get; init; }

    public DateTime? Deadline { get; init; }

    public int Pending { get; set; }

    public DateTime? FinishedAt { get; set; }

    public bool Failed { get; set; }

    public byte[]? Result { get; set; }

    public StepState State(DateTime now) =>
        FinishedAt is null ? Deadline <= now ? StepState.Expired : StepState.Waiting : Failed ? StepState.Failed : StepState.Done;
}

/// <summary>A row of leases; position is the index plus one, and Attempts counts the start that this lease is.</summary>
internal sealed class LeaseRow
{
    public required long Id { get; init; }

    public required Guid OrchestratorId { get; init; }

    public required DateTime ClaimedAt { get; init; }

    public required string Queue { get; init; }

    public required IReadOnlyList<ExecutionRow> Items { get; init; }

    public required bool Plain { get; init; }

    public HashSet<int> Done { get; } = [];

    /// <summary>Positions whose executions may have steps.</summary>
    public HashSet<int> Stepped { get; } = [];

    public Dictionary<int, string> Cancels { get; } = [];

    public int Left => Items.Count - Done.Count;

    public bool IsOpen(int position) => position >= 1 && position <= Items.Count && !Done.Contains(position);
}

/// <summary>A row of the history: completed_executions or failed_executions.</summary>
internal sealed record HistoryRow(ExecutionRow Execution, ExecutionState State, DateTime? StartedAt, DateTime FinishedAt, DateTime ExpiresAt, string? Reason, byte[]? Result);

/// <summary>A row of tasks.</summary>
internal sealed record TaskRow(string Key, string Queue)
{
    public static readonly ImmutableArray<double> DefaultBackoff = [15, 30, 60, 120, 300, 600, 1200, 2400, 3600, 7200];

    public int MaxAttempts { get; init; } = 5;

    public ImmutableArray<double> Backoff { get; init; } = DefaultBackoff;

    public double BackoffJitter { get; init; } = 0.1;

    public Retention KeepCompleted { get; init; } = Retention.For(TimeSpan.FromDays(1));

    public Retention KeepFailed { get; init; } = Retention.For(TimeSpan.FromDays(14));

    /// <summary>Stored and listed; claims do not look at them.</summary>
    public ImmutableArray<string> Windows { get; init; } = [];

    public string TimeZone { get; init; } = "UTC";
}

/// <summary>A row of queues.</summary>
internal sealed record QueueRow(string Name, bool Partitioned, bool Paused = false);

/// <summary>A row of orchestrators, with its workers: queue to the keys of the tasks it serves there.</summary>
internal sealed record OrchestratorRow(Guid Id, string Name, string Version, int SchemaVersion, DateTime StartedAt)
{
    public DateTime LastHeartbeatAt { get; set; } = StartedAt;

    public bool Draining { get; set; }

    public Dictionary<string, HashSet<string>> Workers { get; } = new(StringComparer.Ordinal);
}

/// <summary>A row of signals.</summary>
internal sealed record SignalRow(long Id, Guid OrchestratorId, Database.SignalKind Kind, Guid? ExecutionId, string Reason);
