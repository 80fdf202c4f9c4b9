using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;

namespace PgConductor.Workers;

/// <summary>Looks behind the position of a worker's claims, where claims from the start have become expensive.</summary>
/// <remarks>Used by the fetcher's loop only; a long look runs beside it, on a connection of its own, and rings the bell at its end.</remarks>
internal sealed class LateLooks(WorkerServices services, WorkerLoad load, WakeSignal bell)
{
    private readonly ILogger _logger = services.LoggerFactory.CreateLogger<LateLooks>();
    private Task<LongLook>? _longLook;

    public ClaimCursor Cursor { get; } = new();

    /// <summary>A short look. Late: claim again, there is something.</summary>
    public async Task<(bool Late, TimeSpan? NextDueIn)> LookShortlyAsync(string position, CancellationToken cancellationToken)
    {
        var start = services.TimeProvider.GetTimestamp();
        var found = await FindAsync(position, ClaimCursor.ShortLook, cancellationToken).ConfigureAwait(false);
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
        if (_longLook is null && Cursor.WantsLongLook)
        {
            var position = Cursor.Position!;
            _longLook = Task.Run(() => LookAllTheWayAsync(position, stop), CancellationToken.None);
        }
    }

    /// <summary>Takes the answer of a long look, if there is one. True: it found nothing, and nothing was in hand from its start to now.</summary>
    public bool TakeEmptyLongLook()
    {
        if (_longLook is not { IsCompleted: true } ended)
        {
            return false;
        }

        _longLook = null;
        var look = ended.Result;
        Cursor.LookedAllTheWay(look.Took);
        if (look.Found.Late)
        {
            Cursor.GoBack(look.Found.Position!);
            return false;
        }

        return look.Succeeded && look.WasQuiet && load.IsQuiet && load.Claims == look.Claims;
    }

    /// <summary>Waits for what is under way.</summary>
    public Task StopAsync() => _longLook ?? Task.CompletedTask;

    private async Task<LongLook> LookAllTheWayAsync(string position, CancellationToken stop)
    {
        var look = new LongLook(load.IsQuiet, load.Claims, LateArrivals.None, TimeSpan.Zero, Succeeded: false);
        var start = services.TimeProvider.GetTimestamp();
        try
        {
            look = look with { Found = await FindAsync(position, null, stop).ConfigureAwait(false), Succeeded = true };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The loop ends too.
        }
        catch (Exception exception)
        {
            // It is due again after as long as after one that succeeded.
            Telemetry.DatabaseError("look", exception);
            WorkerLog.LookFailed(_logger, services.Queue, exception);
        }

        bell.Ring();
        return look with { Took = services.TimeProvider.GetElapsedTime(start) };
    }

    private Task<LateArrivals> FindAsync(string position, TimeSpan? back, CancellationToken cancellationToken) =>
        services.Database.FindLateArrivalsAsync(services.OrchestratorId, services.Queue, position, back, cancellationToken);

    private sealed record LongLook(bool WasQuiet, long Claims, LateArrivals Found, TimeSpan Took, bool Succeeded);
}
