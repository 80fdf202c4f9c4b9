namespace PgConductor;

/// <summary>How one execution is enqueued.</summary>
/// <remarks>Immutable and safe to share.</remarks>
public sealed record InvokeOptions
{
    /// <summary>The default: now, priority 0, the task's queue.</summary>
    public static InvokeOptions Default { get; } = new();

    /// <summary>Not before this time.</summary>
    /// <value>Default null: now. The past means now.</value>
    public DateTimeOffset? RunAt { get; init; }

    /// <summary>Higher runs sooner, within its queue.</summary>
    /// <value>Default 0; -100 to 100.</value>
    public int Priority { get; init; }

    /// <summary>The queue, which must exist.</summary>
    /// <value>Default null: the task's.</value>
    public string? Queue { get; init; }

    /// <summary>At most one waiting or running execution of the task has this key; its outcome frees it.</summary>
    /// <value>Default null: no uniqueness. 1 to 1000 bytes.</value>
    public string? DedupeKey { get; init; }

    /// <summary>What happens when the key is taken.</summary>
    /// <value>Default <see cref="DedupePolicy.ReturnExisting"/>.</value>
    public DedupePolicy DedupePolicy { get; init; }

    /// <summary>At most one execution in a window of time. Excludes <see cref="Debounce"/>, <see cref="RunAt"/> and <see cref="DedupeKey"/>.</summary>
    /// <value>Default null: every invoke makes an execution.</value>
    public Throttle? Throttle { get; init; }

    /// <summary>One execution for a burst of invokes. Excludes <see cref="Throttle"/>, <see cref="RunAt"/> and <see cref="DedupeKey"/>.</summary>
    /// <value>Default null: every invoke makes an execution.</value>
    public Debounce? Debounce { get; init; }

    /// <summary>Overrides the task's attempts.</summary>
    /// <value>Default null: the task's. 1 to 32767.</value>
    public int? MaxAttempts { get; init; }

    /// <summary>The execution's id, which makes a repeated call harmless.</summary>
    /// <value>Default null: a new UUIDv7.</value>
    public Guid? Id { get; init; }
}
