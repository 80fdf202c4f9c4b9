using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;

namespace PgConductor.Workers;

/// <summary>Looks behind the position of a worker's claims, where claims from the start have become expensive.</summary>
/// <remarks>
/// Used by the fetcher's loop only; a long look runs beside it, on a connection of its own, in pieces from the position backwards, and rings the
/// bell at its end. It ends early when it finds something, so that this is claimed at once; the next one goes on from there.
/// </remarks>
internal sealed class LateLooks(WorkerServices services, WorkerLoad load, WakeSignal bell)
{
    private readonly ILogger _logger = services.LoggerFactory.CreateLogger<LateLooks>();
    private Task<LongLook>? _longLook;
    private volatile string? _position;

    /// <summary>An earlier look that ended early; null: the next one is a whole one.</summary>
    private LongLook? _left;

    public ClaimCursor Cursor { get; } = new();

    /// <summary>A short look. Late: claim again, there is something.</summary>
    public async Task<(bool Late, TimeSpan? NextDueIn)> LookShortlyAsync(string position, CancellationToken cancellationToken)
    {
        var start = services.TimeProvider.GetTimestamp();
        var found = await FindAsync(position, new LookRange(ClaimCursor.ShortLook), cancellationToken).ConfigureAwait(false);
        Cursor.LookedShortly(services.TimeProvider.GetElapsedTime(start));
        if (found.Late)
        {
            Cursor.GoBack(found.Position!);
        }

        return (found.Late, found.NextDueIn);
    }

    /// <summary>Starts a long look, if one is due and none is under way.</summary>
    public void StartLongLook(CancellationToken stop)
    {
        // One that is under way goes on behind what has been claimed meanwhile: nobody is to go there once more.
        _position = Cursor.Position ?? _position;
        if (_longLook is null && Cursor.WantsLongLook)
        {
            var left = _left;
            var pieces = new LookPieces(Cursor.LookTook);
            _longLook = Task.Run(() => LookBackAsync(left, pieces, stop), CancellationToken.None);
        }
    }

    /// <summary>Takes the answer of a long look, if there is one. True: it was a whole one, found nothing, and nothing was in hand from its start to now.</summary>
    public bool TakeEmptyLongLook()
    {
        if (_longLook is not { IsCompleted: true } ended)
        {
            return false;
        }

        _longLook = null;
        var look = ended.Result;
        if (look.Found.Late)
        {
            // Unless that was the last piece: then the next look is a whole one.
            _left = look.Found.From is null ? null : look;
            Cursor.LookedSomeOfTheWay(look.Took, look.Ago);
            Cursor.GoBack(look.Found.Position!);
            return false;
        }

        _left = null;
        Cursor.LookedAllTheWay(look.Took, look.Ago);
        return look.IsWhole && look.Succeeded && IsQuietSince(look);
    }

    /// <summary>Waits for what is under way.</summary>
    public Task StopAsync() => _longLook ?? Task.CompletedTask;

    /// <param name="left">What it goes on from; null: from the position on.</param>
    /// <param name="pieces">How far each piece goes.</param>
    /// <param name="stop">Ends it.</param>
    private async Task<LongLook> LookBackAsync(LongLook? left, LookPieces pieces, CancellationToken stop)
    {
        var until = left?.Found.From;
        var look = new LongLook(IsWhole: left is null, load.IsQuiet, load.Claims, LateArrivals.None, left?.Took ?? TimeSpan.Zero, left?.Ago ?? TimeSpan.Zero, Succeeded: false);
        var begun = services.TimeProvider.GetTimestamp();
        var start = begun;
        try
        {
            while (!look.Succeeded)
            {
                var back = pieces.Back;
                start = services.TimeProvider.GetTimestamp();
                var found = await FindAsync(_position!, new LookRange(back, until), stop).ConfigureAwait(false);
                var piece = services.TimeProvider.GetElapsedTime(start);
                look = look with { Found = found, Took = look.Took + piece, Succeeded = found.Late || back is null };
                until = found.From;
                pieces.Took(piece);
                if (!look.Succeeded && !IsQuietSince(look))
                {
                    await Task.Delay(ClaimCursor.PauseAfter(piece), services.TimeProvider, stop).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The loop ends too.
        }
        catch (Exception exception)
        {
            // It is due again after as long as after one that succeeded.
            look = look with { Took = look.Took + services.TimeProvider.GetElapsedTime(start) };
            Telemetry.DatabaseError("look", exception);
            WorkerLog.LookFailed(_logger, services.Queue, exception);
        }

        bell.Ring();
        return look with { Ago = look.Ago + services.TimeProvider.GetElapsedTime(begun) };
    }

    /// <summary>Nothing was in hand from its start to now: it is in nobody's way, and whoever waits for quiescence waits for it.</summary>
    private bool IsQuietSince(LongLook look) => look.WasQuiet && load.IsQuiet && load.Claims == look.Claims;

    private Task<LateArrivals> FindAsync(string position, LookRange range, CancellationToken cancellationToken) =>
        services.Database.FindLateArrivalsAsync(services.OrchestratorId, services.Queue, position, range, cancellationToken);

    /// <param name="IsWhole">It began at the position.</param>
    /// <param name="WasQuiet">Nothing was in hand when it began.</param>
    /// <param name="Claims">The claims that had brought work by then.</param>
    /// <param name="Found">What its last piece found.</param>
    /// <param name="Took">What its pieces took, those of looks that it went on from included.</param>
    /// <param name="Ago">The same with the pauses.</param>
    /// <param name="Succeeded">It came to its end.</param>
    private sealed record LongLook(bool IsWhole, bool WasQuiet, long Claims, LateArrivals Found, TimeSpan Took, TimeSpan Ago, bool Succeeded);
}
