namespace PgConductor;

/// <summary>How long a finished execution stays in the history.</summary>
/// <remarks>The history is partitioned by the day a row may go, so the time is exact and its end costs nothing.</remarks>
public readonly record struct Retention
{
    private Retention(double seconds) => Seconds = seconds;

    /// <summary>Nothing is written when an execution finishes: the cheapest, and its result cannot be read.</summary>
    public static Retention None { get; } = new(0);

    /// <summary>Kept until somebody deletes it.</summary>
    public static Retention Forever { get; } = new(-1);

    /// <summary>Seconds; 0 for <see cref="None"/>, -1 for <see cref="Forever"/>.</summary>
    public double Seconds { get; }

    /// <summary>Kept for a time.</summary>
    /// <param name="time">From finishing on; more than zero, at most 100 years.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="time"/> is out of range.</exception>
    public static Retention For(TimeSpan time)
    {
        if (time <= TimeSpan.Zero || time > TimeSpan.FromDays(36_525))
        {
            throw new ArgumentOutOfRangeException(nameof(time), time, "Give more than zero and at most 36525 days, or use Retention.None or Retention.Forever.");
        }

        return new Retention(time.TotalSeconds);
    }

    /// <inheritdoc/>
    public override string ToString() => Seconds switch
    {
        0 => "none",
        < 0 => "forever",
        _ => TimeSpan.FromSeconds(Seconds).ToString(),
    };
}
