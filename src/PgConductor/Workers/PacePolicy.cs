namespace PgConductor.Workers;

/// <summary>Decides how long a worker that is kept busy waits before it claims again what little has come meanwhile. Pure.</summary>
/// <remarks>
/// Without it a stream of single invokes is claimed three or four at a time, thousands of claims a second, and two fifths of
/// a core go to claims. What is waited for is at most the flush interval's order of time, only in a stream that
/// has not paused for a while, and only while the worker has something to do.
/// </remarks>
internal sealed class PacePolicy(TimeSpan busyAfter)
{
    /// <summary>From the start of one claim to the start of the next. Measured: shorter ones cost throughput, longer ones only latency.</summary>
    internal static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(4);

    /// <summary>How long from now; zero: claim at once.</summary>
    /// <param name="found">What the last claim brought.</param>
    /// <param name="asked">What it asked for: with as much found there is more.</param>
    /// <param name="busyFor">How long each claim has found something.</param>
    /// <param name="sinceClaim">Since the last claim began.</param>
    /// <param name="inHand">Running or waiting to be run here.</param>
    public TimeSpan Wait(int found, int asked, TimeSpan busyFor, TimeSpan sinceClaim, int inHand) =>
        found >= asked || busyFor <= busyAfter || inHand == 0 || sinceClaim >= Pace ? TimeSpan.Zero : Pace - sinceClaim;
}
