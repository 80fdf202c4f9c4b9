namespace PgConductor.Workers;

/// <summary>Decides how long an idle worker waits before it looks again: short at first, doubling. Pure.</summary>
internal sealed class PollPolicy(WorkerOptions options, bool listens)
{
    private static readonly TimeSpan _longestWithoutListen = TimeSpan.FromMilliseconds(100);

    private readonly TimeSpan _longest = listens || options.MaxPollInterval < _longestWithoutListen ? options.MaxPollInterval : Longer(options.MinPollInterval, _longestWithoutListen);
    private TimeSpan _next = options.MinPollInterval;

    /// <summary>Work was found: the next pause is the shortest again.</summary>
    public void Reset() => _next = options.MinPollInterval;

    /// <summary>The pause now.</summary>
    /// <param name="nextDueIn">When the next execution is due; null: none is known.</param>
    public TimeSpan Next(TimeSpan? nextDueIn)
    {
        var pause = _next;
        _next = _next * 2 < _longest ? _next * 2 : _longest;
        return nextDueIn is { } due && due < pause ? Longer(due, TimeSpan.FromMilliseconds(1)) : pause;
    }

    private static TimeSpan Longer(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
