namespace PgConductor.Workers;

/// <summary>Remembers where the last claim stopped, and decides when to look behind that. Pure.</summary>
/// <remarks>
/// <para>
/// Starting where the last claim stopped avoids walking over index entries of rows that are gone, which an old transaction
/// somewhere can keep from being cleaned up. What became visible late lies before that point.
/// </para>
/// <para>
/// While a claim from the start (a sweep) is cheap, or hardly dearer than a claim that goes on from its position and finds nothing, one is made whenever a claim comes back empty, and now and then. When it is not, it would
/// hold up what has just come: claims go on from their position, a short look goes back a second, and a long one, all the way, is
/// made beside the claims, in pieces if it takes long (<see cref="LookPieces"/>). Long ones may take a twentieth of the time, short ones a tenth.
/// </para>
/// </remarks>
internal sealed class ClaimCursor
{
    /// <summary>How far a short look goes back: longer than all but a few transactions that enqueue take.</summary>
    public static readonly TimeSpan ShortLook = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan _cheap = TimeSpan.FromMilliseconds(2);
    private const int CheapPerEmptyClaim = 2;
    private static readonly TimeSpan _shortestInterval = TimeSpan.FromMilliseconds(100);
    private const int IntervalPerCost = 20;
    private const int ShortIntervalPerCost = 10;

    private string? _position;
    private string? _before;
    private bool _isExpensive;
    private TimeSpan _emptyClaim;
    private bool _sweepNext = true;
    private TimeSpan _interval = _shortestInterval;
    private TimeSpan _sinceSweep;
    private TimeSpan _shortInterval;
    private TimeSpan _sinceShortLook;

    /// <summary>What to pass to the claim; null: a sweep.</summary>
    public string? Position => _isExpensive || !(_sweepNext || _sinceSweep >= _interval) ? _position : null;

    /// <summary>Whether a look all the way back is due, beside the claims.</summary>
    public bool WantsLongLook => _isExpensive && _position is not null && _sinceSweep >= _interval;

    /// <summary>How soon a short look may be made again; null: sweeps are cheap, and made instead.</summary>
    public TimeSpan? ShortLookIn => !_isExpensive || _position is null ? null : _sinceShortLook >= _shortInterval ? TimeSpan.Zero : _shortInterval - _sinceShortLook;

    /// <summary>What the last look all the way back took.</summary>
    public TimeSpan LookTook { get; private set; }

    /// <summary>Time has passed.</summary>
    public void Advance(TimeSpan elapsed)
    {
        _sinceSweep += elapsed;
        _sinceShortLook += elapsed;
    }

    /// <summary>A claim came back. Returns what to do if it found nothing.</summary>
    public CursorStep Observe(bool wasSweep, bool foundWork, string? nextPosition, TimeSpan took)
    {
        if (wasSweep)
        {
            LookedAllTheWay(took);
        }
        else if (!foundWork)
        {
            // On a slow machine, or one that wakes up for it, any claim takes milliseconds.
            _emptyClaim = took;
        }

        // Where nothing was, after it went back for something: it goes on from where it was.
        _position = nextPosition ?? (foundWork ? null : _before) ?? _position;
        _before = null;
        _sweepNext = !foundWork;
        if (foundWork || wasSweep)
        {
            return CursorStep.Rest;
        }

        return !_isExpensive ? CursorStep.Again
            : _sinceShortLook >= _shortInterval ? CursorStep.ShortLook
            : CursorStep.Rest;
    }

    /// <summary>A short look was made.</summary>
    public void LookedShortly(TimeSpan took)
    {
        _sinceShortLook = TimeSpan.Zero;
        _shortInterval = took * ShortIntervalPerCost;
    }

    /// <summary>A look from the start was made, by a claim or beside them.</summary>
    /// <param name="took">What it cost.</param>
    /// <param name="ago">How long ago it began, if there were pauses in it.</param>
    public void LookedAllTheWay(TimeSpan took, TimeSpan ago = default)
    {
        _isExpensive = took > _cheap && took > _emptyClaim * CheapPerEmptyClaim;
        LookTook = took;
        LookedSomeOfTheWay(took, ago);
    }

    /// <summary>A long look that ended early, because it found something: what a claim from the start would cost is not known better than before.</summary>
    public void LookedSomeOfTheWay(TimeSpan took, TimeSpan ago)
    {
        _sinceSweep = ago;
        var wanted = took * IntervalPerCost;
        _interval = wanted < _shortestInterval ? _shortestInterval : wanted;
    }

    /// <summary>How long to wait after a piece of a long look, so that it takes its share of the time and not more.</summary>
    public static TimeSpan PauseAfter(TimeSpan took) => took * (IntervalPerCost - 1);

    /// <summary>Something lies behind: the next claim starts there.</summary>
    public void GoBack(string position)
    {
        _before = _position;
        _position = position;
    }
}

/// <summary>What follows an empty claim.</summary>
internal enum CursorStep
{
    /// <summary>Nothing is due.</summary>
    Rest,

    /// <summary>Claim once more, from the start.</summary>
    Again,

    /// <summary>Look behind the position.</summary>
    ShortLook,
}
