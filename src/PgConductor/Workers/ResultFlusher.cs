using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;

namespace PgConductor.Workers;

/// <summary>Sends outcomes to the database in batches, beside the handlers, until the database has taken each.</summary>
/// <remarks>
/// Nothing is dropped, except for leases that were taken over: those outcomes are counted as rejected. An outcome sent
/// twice is harmless, the second is rejected. Written by runners: <c>_waiting</c>, under <c>_gate</c>. One loop reads it
/// and sends; what it is sending is in <c>_sending</c>, which nobody else touches.
/// </remarks>
internal sealed class ResultFlusher
{
    private readonly WorkerServices _services;
    private readonly Action<Lease> _onLeaseOver;
    private readonly Action<Lease> _onLeaseLost;
    private readonly FlushPolicy _policy;
    private readonly ILogger _logger;
    private readonly WakeSignal _bell;
    private readonly OutcomeSender _sender;
    private readonly Lock _gate = new();
    private readonly List<Lease> _waiting = [];
    private readonly Dictionary<long, Lease> _sending = [];
    private int _unsent;
    private volatile bool _urgent;

    public ResultFlusher(WorkerServices services, Action<Lease> onLeaseOver, Action<Lease> onLeaseLost)
    {
        _services = services;
        _onLeaseOver = onLeaseOver;
        _onLeaseLost = onLeaseLost;
        _policy = new FlushPolicy(services.Options.FlushInterval);
        _logger = services.LoggerFactory.CreateLogger<ResultFlusher>();
        _bell = new WakeSignal(services.TimeProvider);
        _sender = new OutcomeSender(services, lease => _sending[lease].Size, Apply);
    }

    /// <summary>Outcomes known and not yet recorded.</summary>
    public int Unsent => Volatile.Read(ref _unsent);

    /// <summary>Adds an outcome; null: completed without a result. Never waits.</summary>
    public void Add(RunningExecution execution, Outcome? outcome)
    {
        var lease = execution.Lease;
        if (lease.IsLost)
        {
            Drop(outcome is { Kind: OutcomeKind.Released } ? 0 : 1);
            return;
        }

        var added = lease.Add(execution.Claimed.Position, outcome, _services.TimeProvider.GetTimestamp());
        var unsent = Interlocked.Increment(ref _unsent);
        if (added.IsFirstUnsent)
        {
            lock (_gate)
            {
                _waiting.Add(lease);
            }
        }

        if (added.IsFirstUnsent || added.IsWhole || unsent == _services.Options.FlushSize)
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
                    // Looked at below.
                }
            }

            // Whether it was a ring or the end that was heard: at the end nothing waits for its interval.
            _urgent |= stop.IsCancellationRequested;
            wait = Take(completed, outcomes);
            if (_sending.Count > 0)
            {
                await _sender.SendAsync(completed, outcomes, cancellationToken).ConfigureAwait(false);
                completed.Clear();
                outcomes.Clear();
                _sending.Clear();
            }
        }
    }

    /// <summary>Takes the leases that are to be sent now. Returns how long to wait for the next, if none.</summary>
    private TimeSpan Take(List<long> completed, List<Outcome> outcomes)
    {
        var all = _urgent || Unsent >= _services.Options.FlushSize;
        var wait = TimeSpan.MaxValue;
        lock (_gate)
        {
            for (var i = _waiting.Count - 1; i >= 0; i--)
            {
                var lease = _waiting[i];
                var progress = lease.Progress();
                var left = all ? TimeSpan.Zero : _policy.Wait(progress, _services.TimeProvider.GetElapsedTime(progress.FirstUnsentAt));
                if (left > TimeSpan.Zero)
                {
                    wait = left < wait ? left : wait;
                    continue;
                }

                _waiting.RemoveAt(i);
                if (lease.TryTake(completed, outcomes, out var count))
                {
                    _sending.Add(lease.Id, lease);
                }
                else
                {
                    Interlocked.Add(ref _unsent, -count);
                    Drop(count);
                }
            }
        }

        // After a flush look again at once: more has come meanwhile.
        return _sending.Count > 0 ? TimeSpan.Zero : wait == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : wait;
    }

    /// <summary>Outcomes of a lease that is somebody else's now.</summary>
    private void Drop(int count)
    {
        if (count > 0)
        {
            Telemetry.Settled(count, _services.Queue, Effect.Rejected);
        }
    }

    private void Apply(OutcomeBatch batch, IReadOnlyList<Settlement> settlements, bool isRepetition)
    {
        Span<int> counts = stackalloc int[7];
        foreach (var settlement in settlements)
        {
            var lease = _sending[settlement.LeaseId];
            var count = settlement.Position == 0 ? lease.Size : 1;
            counts[(int)settlement.Effect] += count;
            if (settlement.Effect == Effect.Rejected && !isRepetition && !lease.IsLost)
            {
                lease.MarkLost();
                WorkerLog.LeaseLost(_logger, _services.Queue, lease.Id);
                _onLeaseLost(lease);
            }

            if (lease.Settle(count) || lease.IsLost)
            {
                _onLeaseOver(lease);
            }
        }

        var sent = batch.Outcomes.Count;
        foreach (var lease in batch.CompletedLeases)
        {
            sent += _sending[lease].Size;
        }

        Interlocked.Add(ref _unsent, -sent);
        for (var effect = 0; effect < counts.Length; effect++)
        {
            if (counts[effect] > 0)
            {
                Telemetry.Settled(counts[effect], _services.Queue, (Effect)effect);
            }
        }
    }
}
