namespace PgConductor;

/// <summary>At most one execution in a window of time, however often the task is invoked.</summary>
/// <param name="Period">How long a window lasts; it begins with its first invoke. 1 ms to 366 days.</param>
/// <remarks>
/// Immutable and safe to share. Decided by the database, so it holds across processes. A window lasts whatever becomes of its execution.
/// </remarks>
public sealed record Throttle(TimeSpan Period)
{
    /// <summary>Windows of its own for each key of the task.</summary>
    /// <value>Default null: one for the task as a whole. 1 to 1000 bytes.</value>
    public string? Key { get; init; }

    /// <summary>Whether the first invoke of a window runs, at once, or the last, at its end.</summary>
    /// <value>Default <see cref="PaceEdge.Leading"/>.</value>
    public PaceEdge Edge { get; init; } = PaceEdge.Leading;
}
