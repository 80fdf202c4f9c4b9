namespace PgConductor.Bench.Measures;

/// <summary>What one run of a workload measured.</summary>
internal sealed record Sample
{
    public double? PerSecond { get; init; }

    public IReadOnlyCollection<double> LatenciesMs { get; init; } = [];

    /// <summary>The raw figure of the same server in the same minute.</summary>
    public double? Limit { get; init; }

    public double? Ratio { get; init; }

    public required bool Verified { get; init; }

    /// <summary>What only this workload measures.</summary>
    public IReadOnlyDictionary<string, object?> Details { get; init; } = new Dictionary<string, object?>(StringComparer.Ordinal);
}
