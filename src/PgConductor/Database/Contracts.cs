namespace PgConductor.Database;

/// <summary>One execution to enqueue. MayBeKnown: the id is the caller's own, so the call may be a repetition of one that was made before. MayBeClaimed: it is, of one that would have claimed it.</summary>
internal readonly record struct Invocation(
    Guid Id, string TaskKey, byte[] Payload, string? Queue, DateTimeOffset? RunAt, int Priority, int? MaxAttempts, string? DedupeKey, string? TraceParent, bool MayBeKnown = false, Pace? Pace = null, bool MayBeClaimed = false);

/// <summary>How invokes of a task, or of a key of it, become executions: a throttle, else a debounce.</summary>
internal sealed record Pace(bool IsThrottle, TimeSpan Length, string? Key, PaceEdge Edge, TimeSpan? MaxWait);

/// <summary>A claimed batch; <see cref="LeaseId"/> null: nothing was due, and <see cref="NextDueIn"/> says when to ask again.</summary>
internal sealed record Claim(long? LeaseId, IReadOnlyList<ClaimedExecution> Executions, string? NextPosition, TimeSpan? NextDueIn)
{
    public static Claim Empty { get; } = new(null, [], null, null);
}

/// <summary>How many executions to claim: at most Limit, and of limited tasks no more than are Free to start now.</summary>
internal readonly record struct ClaimSize(int Limit, int Free)
{
    public static implicit operator ClaimSize(int limit) => new(limit, limit);
}

/// <summary>How far a look goes behind a claim's position.</summary>
/// <param name="Back">How far; null: all the way.</param>
/// <param name="Until">Only what lies before this; null: from the position on.</param>
internal readonly record struct LookRange(TimeSpan? Back, DateTime? Until = null);

/// <summary>What lies behind a claim's position.</summary>
/// <param name="Position">Where to claim from, to get it too.</param>
/// <param name="Late">There is something due.</param>
/// <param name="NextDueIn">When the next is due; null: nothing is waiting, or it was not asked (<see cref="LookRange.Until"/>).</param>
/// <param name="From">How far back it looked, by the database's clock; null: all the way.</param>
internal sealed record LateArrivals(string? Position, bool Late, TimeSpan? NextDueIn, DateTime? From)
{
    public static LateArrivals None { get; } = new(null, false, null, null);
}

/// <summary>One claimed execution.</summary>
internal sealed class ClaimedExecution
{
    public required int Position { get; init; }

    public required Guid Id { get; init; }

    public required string TaskKey { get; init; }

    public required int Attempt { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required DateTime RunAt { get; init; }

    public string? TraceParent { get; init; }

    public required byte[] Payload { get; init; }

    /// <summary>The steps it has; null: none, or <see cref="StepsLeftBehind"/>.</summary>
    public IReadOnlyList<StoredStep>? Steps { get; init; }

    /// <summary>Its steps were too many to come along: they are to be loaded.</summary>
    public bool StepsLeftBehind { get; init; }

    /// <summary>How long after the claim the windows of its task close; null: they do not.</summary>
    public TimeSpan? ClosesIn { get; init; }
}

/// <summary>What a handler's end means for its execution; the names are those of the SQL function.</summary>
internal enum OutcomeKind
{
    Completed,
    Failed,
    Dead,
    Released,
    Cancelled,

    /// <summary>Put back until what its result names has come.</summary>
    Suspended,
}

/// <summary>The outcome of one position of a lease. Result and Error are JSON; Delay is for retries and releases, null: the default.</summary>
internal readonly record struct Outcome(long LeaseId, int Position, OutcomeKind Kind, byte[]? Result = null, byte[]? Error = null, TimeSpan? Delay = null);

/// <summary>What one flush sends: leases of which everything completed without a result, and single outcomes.</summary>
internal sealed record OutcomeBatch(IReadOnlyList<long> CompletedLeases, IReadOnlyList<Outcome> Outcomes);

/// <summary>What the database did with one outcome.</summary>
internal enum Effect
{
    Completed,
    Retried,
    Failed,
    Released,
    Cancelled,
    Rejected,
    Suspended,
}

/// <summary>What became of one position; position 0: the whole lease.</summary>
internal readonly record struct Settlement(long LeaseId, int Position, Effect Effect);

internal enum SignalKind
{
    Cancel,
    Shutdown,
}

internal readonly record struct Signal(long Id, SignalKind Kind, Guid? ExecutionId, string Reason);

internal sealed record HeartbeatRequest(Guid OrchestratorId, TimeSpan Takeover, IReadOnlyCollection<long> Acknowledged, bool Draining, IReadOnlyCollection<long> KnownLeases, TimeSpan LostAfter);

internal sealed record HeartbeatReply(bool Alive, IReadOnlyList<Signal> Signals, RecoveryReport Recovery, TimeSpan? NextTakeoverIn, int SchemaVersion, TimeSpan? NextScheduleIn = null);

internal readonly record struct RecoveryReport(int Orchestrators, int Rescued, int DeadLettered);

/// <summary>How many executions of a queue wait; at most so many are counted.</summary>
internal readonly record struct QueueDepth(string Queue, long Ready, long Scheduled, long Waiting);

internal readonly record struct MaintenanceReport(int Created, int Dropped, long Deleted, int Skipped);
