namespace PgConductor.Hosting;

/// <summary>What the health check asks.</summary>
/// <remarks>Immutable; one a registration.</remarks>
public sealed record PgConductorHealthOptions
{
    /// <summary>How long the oldest execution that could run may have been due before the check reports Degraded.</summary>
    /// <value>Default 5 minutes; null: not asked. More than zero.</value>
    public TimeSpan? MaxLag { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The queues whose lag is asked.</summary>
    /// <value>Default null: those this process serves; in a client-only process, all.</value>
    public IReadOnlyCollection<string>? Queues { get; init; }

    /// <summary>How long the check may take before it is Unhealthy.</summary>
    /// <value>Default 5 s; 100 ms to 5 min.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}
