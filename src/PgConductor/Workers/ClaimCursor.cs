namespace PgConductor.Workers;

/// <summary>Remembers where the last claim stopped, and decides when to look from the start again. Pure.</summary>
/// <remarks>
/// Starting where the last claim stopped avoids walking over index entries of rows that are gone, which an old transaction
/// somewhere can keep from being cleaned up. What committed late with an earlier time lies before that point, so a sweep
/// from the start is made now and then: often while it is cheap, rarer (a twentieth of the time) when it is not.
/// </remarks>
internal sealed class ClaimCursor
{
    private static readonly TimeSpan _shortestInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestInterval = TimeSpan.FromSeconds(10);
    private const int IntervalPerCost = 20;

    private string? _position;
    private TimeSpan _interval = _shortestInterval;
    private TimeSpan _sinceSweep;

    /// <summary>What to pass to the claim; null: a sweep.</summary>
    public string? Position => _sinceSweep >= _interval ? null : _position;

    /// <summary>Time has passed.</summary>
    public void Advance(TimeSpan elapsed) => _sinceSweep += elapsed;

    /// <summary>A claim came back. Returns whether to claim again at once: nothing was found, but it was not a sweep.</summary>
    public bool Observe(bool wasSweep, bool foundWork, string? nextPosition, TimeSpan took)
    {
        if (wasSweep)
        {
            _sinceSweep = TimeSpan.Zero;
            var wanted = took * IntervalPerCost;
            _interval = wanted < _shortestInterval ? _shortestInterval : wanted > _longestInterval ? _longestInterval : wanted;
        }

        _position = foundWork ? nextPosition : null;
        return !foundWork && !wasSweep;
    }
}
