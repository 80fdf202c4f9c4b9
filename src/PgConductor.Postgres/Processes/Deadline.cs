namespace PgConductor.Postgres.Processes;

/// <summary>The end of a bounded wait, on a clock that is never set back.</summary>
internal sealed class Deadline(TimeSpan limit, TimeProvider? time = null)
{
    /// <summary>How long a wait pauses before it asks again.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly long _start = (time ?? TimeProvider.System).GetTimestamp();

    public TimeSpan Limit { get; } = limit;

    public bool HasPassed => _time.GetElapsedTime(_start) >= Limit;

    public TimeSpan Remaining => TimeSpan.FromTicks(Math.Max(0, (Limit - _time.GetElapsedTime(_start)).Ticks));

    /// <summary>Asks again and again, every few milliseconds, until the answer is yes (true) or the time is over (false).</summary>
    public async Task<bool> WaitUntilAsync(Func<bool> condition, CancellationToken ct = default)
    {
        while (!condition())
        {
            if (HasPassed)
            {
                return false;
            }

            await PauseAsync(ct).ConfigureAwait(false);
        }

        return true;
    }

    public Task PauseAsync(CancellationToken ct = default) => Task.Delay(Interval, _time, ct);
}
