namespace PgConductor;

/// <summary>One execution for a burst of invokes: the burst is over when none has come for a while.</summary>
/// <param name="Delay">How long it must be quiet. 1 ms to 366 days.</param>
/// <remarks>
/// Immutable and safe to share. Decided by the database, so it holds across processes. An execution that has started is never
/// replaced: the next invoke begins a burst of its own.
/// </remarks>
public sealed record Debounce(TimeSpan Delay)
{
    /// <summary>Bursts of its own for each key of the task.</summary>
    /// <value>Default null: the task as a whole. 1 to 1000 bytes.</value>
    public string? Key { get; init; }

    /// <summary>Whether the last invoke of a burst runs, once it is over, or the first, at once.</summary>
    /// <value>Default <see cref="PaceEdge.Trailing"/>.</value>
    public PaceEdge Edge { get; init; } = PaceEdge.Trailing;

    /// <summary>How long a burst lasts at most, so that a steady stream runs now and then.</summary>
    /// <value>Default null: without a limit. At least <see cref="Delay"/>, at most 366 days.</value>
    public TimeSpan? MaxWait { get; init; }
}
