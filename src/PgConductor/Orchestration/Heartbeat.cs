using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Workers;

namespace PgConductor.Orchestration;

/// <summary>The loop that says "alive", hears signals, and takes over from the dead at the moment they are due.</summary>
internal sealed class Heartbeat(Guid orchestratorId, OrchestratorOptions options, IDatabaseClient database, IReadOnlyList<Worker> workers, TimeSpan lostAfter, TimeProvider timeProvider, ILogger logger)
{
    private readonly WakeSignal _bell = new(timeProvider);
    private readonly List<long> _acknowledged = [];
    private long _lastBeat = timeProvider.GetTimestamp();
    private int _fenced;
    private bool _registered = true;

    /// <summary>Told when somebody asked this process to stop, with the reason.</summary>
    public required Action<string> OnShutdown { get; init; }

    /// <summary>Registers anew after a takeover.</summary>
    public required Func<CancellationToken, Task> RegisterAsync { get; init; }

    public bool Draining { get; set; }

    /// <summary>Since the last beat that arrived; since the start, if none did.</summary>
    public TimeSpan Silence => timeProvider.GetElapsedTime(Volatile.Read(ref _lastBeat));

    /// <summary>False from the moment a takeover is noticed until this process is registered again.</summary>
    public bool IsRegistered => Volatile.Read(ref _registered);

    /// <summary>There is a signal: beat now.</summary>
    public void Hurry() => _bell.Ring();

    /// <summary>The database does not know this process any more.</summary>
    public void Fence()
    {
        Volatile.Write(ref _fenced, 1);
        _bell.Ring();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        for (var failures = 0; !stop.IsCancellationRequested;)
        {
            TimeSpan wait;
            try
            {
                wait = await BeatAsync(stop).ConfigureAwait(false);
                failures = 0;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Telemetry.DatabaseError("heartbeat", exception);
                OrchestratorLog.HeartbeatFailed(logger, Silence, options.Takeover, exception);
                var pause = TransientRetry.Pause(failures++);
                wait = pause < options.Heartbeat ? pause : options.Heartbeat;
            }

            try
            {
                await _bell.WaitAsync(wait, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<TimeSpan> BeatAsync(CancellationToken stop)
    {
        long[] known = [.. workers.SelectMany(worker => worker.KnownLeases)];
        var reply = await database.HeartbeatAsync(new HeartbeatRequest(orchestratorId, options.Takeover, _acknowledged, Draining, known, lostAfter), stop).ConfigureAwait(false);
        Volatile.Write(ref _lastBeat, timeProvider.GetTimestamp());
        _acknowledged.Clear();
        Report(reply.Recovery);
        if (!reply.Alive || Interlocked.Exchange(ref _fenced, 0) == 1)
        {
            await ComeBackAsync(reply.Alive, stop).ConfigureAwait(false);
        }

        foreach (var signal in reply.Signals)
        {
            Obey(signal);
        }

        // A signal that is not acknowledged is delivered again: say so at once rather than at the next beat.
        if (_acknowledged.Count > 0)
        {
            return TimeSpan.FromMilliseconds(100) < options.Heartbeat ? TimeSpan.FromMilliseconds(100) : options.Heartbeat;
        }

        // The dead are taken over when their time is up, not at our next beat after it.
        var due = reply.NextTakeoverIn + TimeSpan.FromMilliseconds(10);
        return due < options.Heartbeat ? due.Value : options.Heartbeat;
    }

    private async Task ComeBackAsync(bool alive, CancellationToken stop)
    {
        if (!alive)
        {
            Volatile.Write(ref _registered, false);
            Telemetry.Fenced();
            OrchestratorLog.Fenced(logger, orchestratorId, options.Takeover);
            foreach (var worker in workers)
            {
                worker.Fence();
            }
        }

        if (!Draining)
        {
            await RegisterAsync(stop).ConfigureAwait(false);
            Volatile.Write(ref _registered, true);
            foreach (var worker in workers)
            {
                worker.Wake();
            }
        }
    }

    private void Report(RecoveryReport recovery)
    {
        if (recovery.Rescued + recovery.DeadLettered + recovery.Orchestrators == 0)
        {
            return;
        }

        Telemetry.Rescued(recovery.Rescued);
        OrchestratorLog.Recovered(logger, recovery.Orchestrators, recovery.Rescued, recovery.DeadLettered);
        foreach (var worker in workers)
        {
            worker.Wake();
        }
    }

    private void Obey(Signal signal)
    {
        _acknowledged.Add(signal.Id);
        if (signal.Kind == SignalKind.Shutdown)
        {
            OnShutdown(signal.Reason);
            return;
        }

        OrchestratorLog.Cancelling(logger, signal.ExecutionId, signal.Reason);
        foreach (var worker in workers)
        {
            if (signal.ExecutionId is { } id && worker.Cancel(id, signal.Reason))
            {
                return;
            }
        }
    }
}
