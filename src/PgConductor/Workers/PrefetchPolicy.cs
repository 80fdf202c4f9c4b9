namespace PgConductor.Workers;

/// <summary>Decides how much to claim: what is free, and ahead of it no more than the worker finishes in a moment. Pure.</summary>
/// <remarks>
/// The rate is measured, so fast handlers get batches of hundreds and slow ones nothing beyond the free slots: work that
/// waits here cannot be taken by an idle process elsewhere. What finishes in a sample is no rate by itself: ten slow
/// handlers that started together also end together. So it is bounded by what the slots can do at the handlers' own
/// mean duration. Not thread-safe: used by the fetcher only.
/// </remarks>
internal sealed class PrefetchPolicy(WorkerOptions options)
{
    private static readonly TimeSpan _shortestSample = TimeSpan.FromMilliseconds(1);

    private double _perSecond;
    private double _meanSeconds;

    /// <summary>Executions held ready beyond those running.</summary>
    public int Target => (int)Math.Min(Math.Min(_perSecond, options.Concurrency / _meanSeconds) * options.PrefetchTime.TotalSeconds, options.MaxPrefetch);

    /// <summary>Tells what was finished since the last call. False: too short to say anything, keep counting.</summary>
    /// <param name="finished">How many handlers returned.</param>
    /// <param name="busy">How long those ran, all together.</param>
    /// <param name="elapsed">Since the last measure.</param>
    public bool Measure(long finished, TimeSpan busy, TimeSpan elapsed)
    {
        if (elapsed < _shortestSample)
        {
            return false;
        }

        var sample = finished / elapsed.TotalSeconds;
        if (finished > 0)
        {
            var mean = busy.TotalSeconds / finished;
            _meanSeconds = _meanSeconds == 0 || mean > _meanSeconds ? mean : (_meanSeconds + mean) / 2;
        }

        // Quick to grow: a batch too small is paid at once. Slower to shrink: a short stall is not a trend.
        _perSecond = sample > _perSecond ? (_perSecond + (3 * sample)) / 4 : ((3 * _perSecond) + sample) / 4;
        return true;
    }

    /// <summary>Work ran out: the next may be of another kind.</summary>
    public void Reset()
    {
        _perSecond = 0;
        _meanSeconds = 0;
    }

    /// <summary>How many to claim now; zero: wait until more is finished.</summary>
    /// <param name="running">Handlers running.</param>
    /// <param name="buffered">Claimed and not started.</param>
    public int ClaimSize(int running, int buffered)
    {
        var target = Target;
        var free = options.Concurrency - running - buffered;
        if (free <= 0 && buffered > target / 2)
        {
            return 0;
        }

        return Math.Clamp(free + target, 0, options.MaxClaim);
    }
}
