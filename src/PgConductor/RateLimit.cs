namespace PgConductor;

/// <summary>How many executions may start in a time: a token bucket.</summary>
/// <remarks>
/// Every start takes a token, retries and resumptions included; tokens come back evenly, <paramref name="Count"/> each <paramref name="Period"/>, and at
/// most <see cref="Burst"/> are kept. So no time as long as the period sees more than the burst and the count together start. Immutable.
/// </remarks>
/// <param name="Count">How many a period; 1 to 1,000,000,000.</param>
/// <param name="Period">A millisecond to a year.</param>
public sealed record RateLimit(int Count, TimeSpan Period)
{
    /// <summary>How many may start at once after a pause.</summary>
    /// <value>Default null: as many as <see cref="Count"/>. 1 to 1,000,000,000.</value>
    public int? Burst { get; init; }

    /// <summary>So many a second.</summary>
    public static RateLimit PerSecond(int count) => new(count, TimeSpan.FromSeconds(1));

    /// <summary>So many a minute.</summary>
    public static RateLimit PerMinute(int count) => new(count, TimeSpan.FromMinutes(1));

    /// <summary>So many an hour.</summary>
    public static RateLimit PerHour(int count) => new(count, TimeSpan.FromHours(1));

    internal string? FindFault()
    {
        const int Most = 1_000_000_000;
        return Count is < 1 or > Most ? $"Count {Count} must be 1 to {Most}"
            : Period < TimeSpan.FromMilliseconds(1) || Period > TimeSpan.FromDays(365.25) ? $"Period {Period} must be a millisecond to a year"
            : Burst is < 1 or > Most ? $"Burst {Burst} must be 1 to {Most}"
            : null;
    }
}
