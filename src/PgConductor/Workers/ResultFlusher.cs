using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Serialization;

namespace PgConductor.Workers;

/// <summary>Sends outcomes to the database in batches, beside the handlers, until the database has taken each.</summary>
/// <remarks>
/// Nothing is dropped: a failed flush is repeated, and one outcome that the database refuses is found by halving and
/// recorded as a failure of its own execution. An outcome sent twice is harmless, the second is rejected.
/// Written by runners: <c>_waiting</c>, under <c>_gate</c>. One loop reads it and sends.
/// </remarks>
internal sealed class ResultFlusher(WorkerServices services, Action<Lease> onLeaseOver, Action<Lease> onLeaseLost)
{
    private readonly FlushPolicy _policy = new(services.Options.FlushInterval);
    private readonly ILogger _logger = services.LoggerFactory.CreateLogger<ResultFlusher>();
    private readonly WakeSignal _bell = new(services.TimeProvider);
    private readonly Lock _gate = new();
    private readonly List<Lease> _waiting = [];
    private int _unsent;
    private volatile bool _urgent;

    /// <summary>Outcomes known and not yet recorded.</summary>
    public int Unsent => Volatile.Read(ref _unsent);

    /// <summary>Adds an outcome; null: completed without a result. Never waits.</summary>
    public void Add(RunningExecution execution, Outcome? outcome)
    {
        var lease = execution.Lease;
        if (lease.IsLost)
        {
            return;
        }

        var added = lease.Add(execution.Claimed.Position, outcome, services.TimeProvider.GetTimestamp());
        var unsent = Interlocked.Increment(ref _unsent);
        if (added.IsFirstUnsent)
        {
            lock (_gate)
            {
                _waiting.Add(lease);
            }
        }

        if (added.IsFirstUnsent || added.IsWhole || unsent == services.Options.FlushSize)
        {
            _bell.Ring();
        }
    }

    /// <summary>From now on everything is sent at once.</summary>
    public void Hurry()
    {
        _urgent = true;
        _bell.Ring();
    }

    /// <summary>Runs until cancelled; then, if <paramref name="cancellationToken"/> is not yet, everything is sent once more.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken cancellationToken)
    {
        var completed = new List<long>();
        var outcomes = new List<Outcome>();
        var leases = new List<Lease>();
        var wait = Timeout.InfiniteTimeSpan;
        while (!cancellationToken.IsCancellationRequested)
        {
            if (wait != TimeSpan.Zero)
            {
                if (stop.IsCancellationRequested && Unsent == 0)
                {
                    return;
                }

                using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, cancellationToken);
                try
                {
                    await _bell.WaitAsync(wait == Timeout.InfiniteTimeSpan ? TimeSpan.FromHours(1) : wait, stop.IsCancellationRequested ? cancellationToken : either.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    _urgent = true;
                }
            }

            wait = Take(completed, outcomes, leases);
            if (leases.Count > 0)
            {
                await FlushAsync(completed, outcomes, leases, cancellationToken).ConfigureAwait(false);
                completed.Clear();
                outcomes.Clear();
                leases.Clear();
            }
        }
    }

    /// <summary>Takes the leases that are to be sent now. Returns how long to wait for the next, if none.</summary>
    private TimeSpan Take(List<long> completed, List<Outcome> outcomes, List<Lease> leases)
    {
        var all = _urgent || Unsent >= services.Options.FlushSize;
        var wait = TimeSpan.MaxValue;
        lock (_gate)
        {
            for (var i = _waiting.Count - 1; i >= 0; i--)
            {
                var lease = _waiting[i];
                var progress = lease.Progress();
                var left = all ? TimeSpan.Zero : _policy.Wait(progress, services.TimeProvider.GetElapsedTime(progress.FirstUnsentAt));
                if (left > TimeSpan.Zero)
                {
                    wait = left < wait ? left : wait;
                    continue;
                }

                var count = lease.Take(completed, outcomes);
                _waiting.RemoveAt(i);
                if (lease.IsLost)
                {
                    Interlocked.Add(ref _unsent, -count);
                }
                else
                {
                    leases.Add(lease);
                }
            }
        }

        // After a flush look again at once: more has come meanwhile.
        return leases.Count > 0 ? TimeSpan.Zero : wait == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : wait;
    }

    private async Task FlushAsync(List<long> completed, List<Outcome> outcomes, List<Lease> leases, CancellationToken cancellationToken)
    {
        var byId = leases.ToDictionary(lease => lease.Id);
        for (var repetition = 0; ; repetition++)
        {
            try
            {
                var start = services.TimeProvider.GetTimestamp();
                await SendAsync(new OutcomeBatch([.. completed], outcomes), byId, repetition > 0, cancellationToken).ConfigureAwait(false);
                Telemetry.Flushed(services.Queue, services.TimeProvider.GetElapsedTime(start));
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Telemetry.DatabaseError("flush", exception);
                WorkerLog.FlushFailed(_logger, services.Queue, Unsent, exception);
                try
                {
                    await Task.Delay(TransientRetry.Pause(repetition), services.TimeProvider, cancellationToken).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private async Task SendAsync(OutcomeBatch batch, Dictionary<long, Lease> leases, bool isRepetition, CancellationToken cancellationToken)
    {
        IReadOnlyList<Settlement> settlements;
        try
        {
            settlements = await services.Database.ReturnAsync(services.OrchestratorId, batch, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (SqlStateMap.IsDataError(exception) && batch.Outcomes.Count > 0)
        {
            await SendHalvesAsync(batch, leases, isRepetition, exception, cancellationToken).ConfigureAwait(false);
            return;
        }

        Apply(settlements, batch, leases, isRepetition);
    }

    /// <summary>One outcome is refused for what it contains: finds it by halving, so that the others are recorded.</summary>
    private async Task SendHalvesAsync(OutcomeBatch batch, Dictionary<long, Lease> leases, bool isRepetition, Exception exception, CancellationToken cancellationToken)
    {
        var outcomes = batch.Outcomes;
        if (outcomes.Count == 1 && batch.CompletedLeases.Count == 0)
        {
            var refused = outcomes[0];
            WorkerLog.OutcomeRefused(_logger, services.Queue, refused.LeaseId, refused.Position, exception);
            var error = FailureRecord.Write(exception.GetType().Name, $"Its outcome ({refused.Kind}) could not be recorded: {exception.Message}");
            if (refused.Kind == OutcomeKind.Dead && refused.Result is null && refused.Delay is null)
            {
                error = FailureRecord.Write(exception.GetType().Name, "Its failure could not be recorded as it was.");
            }

            await SendAsync(new OutcomeBatch([], [new Outcome(refused.LeaseId, refused.Position, OutcomeKind.Dead, Error: error)]), leases, isRepetition, cancellationToken).ConfigureAwait(false);
            return;
        }

        var half = outcomes.Count / 2;
        await SendAsync(new OutcomeBatch(batch.CompletedLeases, [.. outcomes.Take(half)]), leases, isRepetition, cancellationToken).ConfigureAwait(false);
        await SendAsync(new OutcomeBatch([], [.. outcomes.Skip(half)]), leases, isRepetition, cancellationToken).ConfigureAwait(false);
    }

    private void Apply(IReadOnlyList<Settlement> settlements, OutcomeBatch batch, Dictionary<long, Lease> leases, bool isRepetition)
    {
        Span<int> counts = stackalloc int[6];
        foreach (var settlement in settlements)
        {
            var lease = leases[settlement.LeaseId];
            var count = settlement.Position == 0 ? lease.Size : 1;
            counts[(int)settlement.Effect] += count;
            if (settlement.Effect == Effect.Rejected && !isRepetition && !lease.IsLost)
            {
                lease.MarkLost();
                WorkerLog.LeaseLost(_logger, services.Queue, lease.Id);
                onLeaseLost(lease);
            }

            if (lease.Settle(count) || lease.IsLost)
            {
                onLeaseOver(lease);
            }
        }

        var sent = batch.Outcomes.Count;
        foreach (var lease in batch.CompletedLeases)
        {
            sent += leases[lease].Size;
        }

        Interlocked.Add(ref _unsent, -sent);
        for (var effect = 0; effect < counts.Length; effect++)
        {
            if (counts[effect] > 0)
            {
                Telemetry.Settled(counts[effect], services.Queue, (Effect)effect);
            }
        }
    }
}
