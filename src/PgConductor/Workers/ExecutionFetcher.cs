using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;

namespace PgConductor.Workers;

/// <summary>Claims work for a worker: as much as it can start, as soon as it can, and not more.</summary>
/// <remarks>One loop; its policies are its own. Claims are never repeated blindly: a claim whose reply is lost is put back by a later heartbeat.</remarks>
internal sealed class ExecutionFetcher(WorkerServices services, WorkerLoad load, WakeSignal bell, Func<ClaimUnderWay> beginClaim, Action<Claim, ClaimUnderWay> onClaimed, Action<ClaimUnderWay> endClaim, BatchCollector? batches = null)
{
    /// <summary>How long a worker is busy without a pause before it says that it needs no hints.</summary>
    private static readonly TimeSpan _busyAfter = TimeSpan.FromMilliseconds(50);

    /// <summary>A claim that found nothing and says to look again so soon saw only what is in the way: rows of held-back keys that it moved, or another claim of the same limited task.</summary>
    private static readonly TimeSpan _hidden = TimeSpan.FromMilliseconds(5);

    /// <summary>Outcomes that may wait to be recorded before claiming pauses, in flushes.</summary>
    private const int MaxUnsentFlushes = 20;

    private readonly PrefetchPolicy _prefetch = new(services.Options);
    private readonly PollPolicy _poll = new(services.Options, services.Listens);
    private readonly PacePolicy _pace = new(_busyAfter);
    private readonly LateLooks _looks = new(services, load, bell);
    private readonly ILogger _logger = services.LoggerFactory.CreateLogger<ExecutionFetcher>();
    private long _measuredAt;
    private long _advancedAt;
    private long _measuredFinished;
    private long _measuredBusy;
    private long? _busySince;
    private bool _saidIdle;
    private long _emptySweeps;
    private volatile bool _rests;

    /// <summary>Counts claims that were made after everything before was done and found nothing: what quiescence is made of.</summary>
    public long EmptySweeps => Volatile.Read(ref _emptySweeps);

    /// <summary>Nothing was due at the last look, and nothing has been heard of since: what is enqueued now is next.</summary>
    public bool Rests => _rests;

    /// <summary>Something may be due that it has not seen.</summary>
    public void EndRest() => _rests = false;

    /// <param name="stop">Ends the loop, but not a claim that is under way: given up, what it claimed would wait for the takeover.</param>
    /// <param name="abandon">Gives that claim up all the same.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken abandon)
    {
        _measuredAt = _advancedAt = services.TimeProvider.GetTimestamp();
        for (var failures = 0; !stop.IsCancellationRequested;)
        {
            try
            {
                var wait = await StepAsync(stop, abandon).ConfigureAwait(false);
                failures = 0;
                if (wait > TimeSpan.Zero)
                {
                    await bell.WaitAsync(wait, stop).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                _rests = false;
                Telemetry.DatabaseError("claim", exception);
                WorkerLog.ClaimFailed(_logger, services.Queue, exception);
                if (exception is ConductorException { Code: ConductorErrorCode.NotRegistered })
                {
                    services.OnFenced();
                }

                await PauseAsync(TransientRetry.Pause(failures++), stop).ConfigureAwait(false);
            }
        }

        _rests = false;
        await _looks.StopAsync().ConfigureAwait(false);
        if (_saidIdle)
        {
            try
            {
                await services.Database.SetIdleAsync(services.Queue, idle: false, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                // Only hints that nobody wants any more: the session's end takes the wish back too, and the stop must go on.
                Telemetry.DatabaseError("idle", exception);
            }
        }
    }

    /// <summary>One look. Returns how long to wait before the next, unless the bell rings.</summary>
    private async Task<TimeSpan> StepAsync(CancellationToken stop, CancellationToken abandon)
    {
        Measure();
        if (load.Unsent > services.Options.FlushSize * MaxUnsentFlushes)
        {
            _rests = false;
            return TimeSpan.FromMilliseconds(50);
        }

        if (batches?.NextWish() is { } wish)
        {
            await ClaimAsync(wish, abandon).ConfigureAwait(false);
            return TimeSpan.Zero;
        }

        // What is limited would hold a slot that others wait for while it waited here: no more than can start at once.
        var size = new ClaimSize(_prefetch.ClaimSize(load.Running, load.Buffered), Math.Max(services.Options.Concurrency - load.Running - load.Buffered, 0));
        if (size.Limit == 0)
        {
            _rests = false;
            return Bound(TimeSpan.FromMilliseconds(100));
        }

        if (_looks.TakeEmptyLongLook())
        {
            CountEmptySweep();
        }

        _looks.StartLongLook(stop);
        var position = _looks.Cursor.Position;
        var wasQuiet = load.IsQuiet;
        var start = services.TimeProvider.GetTimestamp();
        var claim = await ClaimAsync(() => services.Database.ClaimAsync(services.OrchestratorId, services.Queue, size, position, abandon)).ConfigureAwait(false);
        var took = services.TimeProvider.GetElapsedTime(start);
        var found = claim.LeaseId is not null;
        var next = _looks.Cursor.Observe(position is null, found, claim.NextPosition, took);
        _rests = !found;
        if (found)
        {
            // This thread is awake and starts the first handler; the next claim can wait for another to wake.
            await Task.Yield();
            Telemetry.Claimed(claim.Executions.Count, services.Queue, took);
            _poll.Reset();
            await SayBusyAsync(stop).ConfigureAwait(false);
            await PaceAsync(claim.Executions.Count, size.Limit, start, stop).ConfigureAwait(false);
            return TimeSpan.Zero;
        }

        var nextDueIn = claim.NextDueIn;
        var looked = next == CursorStep.ShortLook;
        if (looked)
        {
            var (late, dueIn) = await _looks.LookShortlyAsync(position!, stop).ConfigureAwait(false);
            nextDueIn = nextDueIn < dueIn ? nextDueIn : dueIn ?? nextDueIn;
            next = late ? CursorStep.Again : CursorStep.Rest;
        }

        if (next == CursorStep.Again)
        {
            return TimeSpan.Zero;
        }

        if (position is null && wasQuiet && load.IsQuiet && !(claim.NextDueIn <= _hidden))
        {
            CountEmptySweep();
        }

        _prefetch.Reset();
        Remember(services.TimeProvider.GetTimestamp(), load.Finished, load.Busy);
        _busySince = null;
        return await SayIdleAsync(stop).ConfigureAwait(false) ? TimeSpan.Zero : Bound(NextLook(nextDueIn, looked));
    }

    /// <summary>When to claim again, unless the bell rings.</summary>
    private TimeSpan NextLook(TimeSpan? nextDueIn, bool looked)
    {
        var pause = _poll.Next(nextDueIn);

        // Somebody may have been overtaken, and it was too soon to look.
        return !looked && _looks.Cursor.ShortLookIn is { } look && look > TimeSpan.Zero && look < pause ? look + TimeSpan.FromMilliseconds(1) : pause;
    }

    private void CountEmptySweep() => Volatile.Write(ref _emptySweeps, _emptySweeps + 1);

    private TimeSpan Bound(TimeSpan wait) => batches?.Bound(wait) ?? wait;

    /// <summary>More for a batch that is open. No look at the queue as a whole: neither position nor quiescence follow from it.</summary>
    private async Task ClaimAsync(BatchWish wish, CancellationToken abandon)
    {
        var start = services.TimeProvider.GetTimestamp();
        var claim = await ClaimAsync(() => services.Database.ClaimTaskAsync(services.OrchestratorId, services.Queue, wish.TaskKey, wish.Count, abandon)).ConfigureAwait(false);
        if (claim.LeaseId is not null)
        {
            Telemetry.Claimed(claim.Executions.Count, services.Queue, services.TimeProvider.GetElapsedTime(start));
        }

        batches!.OnLooked(wish, claim.Executions.Count);
    }

    private async Task<Claim> ClaimAsync(Func<Task<Claim>> ask)
    {
        var underWay = beginClaim();
        try
        {
            var claim = await ask().ConfigureAwait(false);
            if (claim.LeaseId is not null)
            {
                onClaimed(claim, underWay);
            }

            return claim;
        }
        finally
        {
            endClaim(underWay);
        }
    }

    private void Measure()
    {
        var now = services.TimeProvider.GetTimestamp();
        var elapsed = services.TimeProvider.GetElapsedTime(_measuredAt, now);
        _looks.Cursor.Advance(services.TimeProvider.GetElapsedTime(_advancedAt, now));
        _advancedAt = now;
        var finished = load.Finished;
        var busy = load.Busy;
        if (_prefetch.Measure(finished - _measuredFinished, services.TimeProvider.GetElapsedTime(_measuredBusy, busy), elapsed))
        {
            Remember(now, finished, busy);
        }
    }

    /// <summary>The next sample starts here.</summary>
    private void Remember(long now, long finished, long busy)
    {
        _measuredAt = now;
        _measuredFinished = finished;
        _measuredBusy = busy;
    }

    /// <summary>Says once that hints are wanted. True: it is said now, so look once more; what was committed before it was not announced.</summary>
    private async Task<bool> SayIdleAsync(CancellationToken stop)
    {
        if (_saidIdle || !services.Listens)
        {
            return false;
        }

        _saidIdle = await services.Database.SetIdleAsync(services.Queue, idle: true, stop).ConfigureAwait(false);
        return _saidIdle;
    }

    /// <summary>Hints cost those who enqueue; a worker that is busy anyway takes its wish back, but not for a single execution.</summary>
    private async Task SayBusyAsync(CancellationToken stop)
    {
        _busySince ??= services.TimeProvider.GetTimestamp();
        if (_saidIdle && services.TimeProvider.GetElapsedTime(_busySince.Value) > _busyAfter)
        {
            _saidIdle = false;
            await services.Database.SetIdleAsync(services.Queue, idle: false, stop).ConfigureAwait(false);
        }
    }

    /// <summary>Lets a steady stream of single executions gather a little. Ends early when nothing is left to do here.</summary>
    private async Task PaceAsync(int found, int asked, long claimedAt, CancellationToken stop)
    {
        // A test's clock may stand still while one handler waits for another that is not claimed yet.
        if (services.TimeProvider != TimeProvider.System)
        {
            return;
        }

        while (_pace.Wait(found, asked, services.TimeProvider.GetElapsedTime(_busySince ?? claimedAt), services.TimeProvider.GetElapsedTime(claimedAt), load.Running + load.Buffered) is var wait && wait > TimeSpan.Zero)
        {
            await bell.WaitAsync(wait, stop).ConfigureAwait(false);
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop)
    {
        try
        {
            await Task.Delay(pause, services.TimeProvider, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop sees that it is to stop.
        }
    }
}
