namespace PgConductor.Workers;

/// <summary>How far back each piece of a long look goes. Pure.</summary>
/// <remarks>
/// A look all the way back is long where ten minutes of work at full speed lie there deleted (8.7 s over nine million), and while it runs
/// it takes a core and the server's cache from the work. Pieces of a tenth of a second with pauses between them take the same share evenly. Nobody
/// knows how much lies in a second of the past, so the pieces grow while they are quick and shrink when they are not. A look that is short
/// enough is one piece: a dozen round trips would make it seem expensive.
/// </remarks>
/// <param name="expected">What the last look all the way back took.</param>
internal sealed class LookPieces(TimeSpan expected)
{
    /// <summary>Beyond this lies nothing but what was dated back on purpose: the rest is one piece.</summary>
    private static readonly TimeSpan _far = TimeSpan.FromDays(3650);

    private static readonly TimeSpan _empty = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _quick = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _slow = TimeSpan.FromMilliseconds(200);

    /// <summary>How far the next one goes; null: to the end.</summary>
    public TimeSpan? Back { get; private set; } = expected > _slow ? ClaimCursor.ShortLook : null;

    /// <summary>It took so long.</summary>
    public void Took(TimeSpan took)
    {
        Back = Back * (took < _empty ? 8 : took < _quick ? 2 : took > _slow ? 0.5 : 1);
        if (Back is null || Back > _far)
        {
            Back = null;
        }
        else if (Back < ClaimCursor.ShortLook)
        {
            Back = ClaimCursor.ShortLook;
        }
    }
}
