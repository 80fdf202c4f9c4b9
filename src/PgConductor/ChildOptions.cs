namespace PgConductor;

/// <summary>How a child execution is started and waited for.</summary>
/// <remarks>Immutable and safe to share.</remarks>
public sealed record ChildOptions
{
    /// <summary>The default: now, priority 0, the task's queue, waited for without a limit, cancelled with its parent.</summary>
    public static ChildOptions Default { get; } = new();

    /// <summary>How long the parent waits, from when it suspends; then it gets a <see cref="ChildFailedException"/> and the child is cancelled.</summary>
    /// <value>Default null: without a limit. More than zero, at most 100 years.</value>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether the child goes on when its parent ends, is cancelled, or no longer waits for it.</summary>
    /// <value>Default false: it is cancelled.</value>
    public bool Detached { get; init; }

    /// <summary>How long after its parent suspends the child is due.</summary>
    /// <value>Default zero: at once. At most 100 years.</value>
    public TimeSpan Delay { get; init; }

    /// <summary>Higher runs sooner, within its queue.</summary>
    /// <value>Default 0; -100 to 100.</value>
    public int Priority { get; init; }

    /// <summary>The queue, which must exist.</summary>
    /// <value>Default null: the task's.</value>
    public string? Queue { get; init; }

    /// <summary>Overrides the task's attempts.</summary>
    /// <value>Default null: the task's. 1 to 32767.</value>
    public int? MaxAttempts { get; init; }
}
