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
    private int _unregistered;
    private bool _registered = true;
    private bool _outdated;

    /// <summary>Told when somebody asked this process to stop, with the reason.</summary>
    public required Action<string> OnShutdown { get; init; }

    /// <summary>Registers anew after a takeover.</summary>
    public required Func<CancellationToken, Task> RegisterAsync { get; init; }

    /// <summary>Told how long until a schedule is due.</summary>
    public Action<TimeSpan>? OnSchedule { get; init; }

    public bool Draining { get; set; }

    /// <summary>Whether the last beat arrived.</summary>
    public bool IsHealthy { get; private set; } = true;

    /// <summary>Since the last beat that arrived; since the start, if none did.</summary>
    public TimeSpan Silence => timeProvider.GetElapsedTime(Volatile.Read(ref _lastBeat));

    /// <summary>False from the moment a takeover is noticed until this process is registered again.</summary>
    public bool IsRegistered => Volatile.Read(ref _registered);

    /// <summary>There is a signal: beat now.</summary>
    public void Hurry() => _bell.Ring();

    /// <summary>The database does not know this process any more.</summary>
    public void Fence()
    {
        Volatile.Write(ref _unregistered, 1);
        _bell.Ring();
    }

    /// <summary>Beats on a thread of its own, which handlers that block every thread of the pool cannot keep from it.</summary>
    public Task RunAsync(CancellationToken stop) =>
        Task.Factory.StartNew(() => Run(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Run(CancellationToken stop)
    {
        for (var failures = 0; !stop.IsCancellationRequested;)
        {
            TimeSpan wait;
            try
            {
                wait = Beat(stop);
                failures = 0;
                IsHealthy = true;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                IsHealthy = false;
                if (Silence >= options.Takeover && exception is ConductorException { Code: ConductorErrorCode.Schema })
                {
                    // The functions are not those that it knows, and have not been for long.
                    GiveUp(exception);
                }

                Telemetry.DatabaseError("heartbeat", exception);
                OrchestratorLog.HeartbeatFailed(logger, Silence, options.Takeover, exception);
                var pause = TransientRetry.Pause(failures++);
                wait = pause < options.Heartbeat ? pause : options.Heartbeat;
            }

            try
            {
                _bell.Wait(wait, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private TimeSpan Beat(CancellationToken stop)
    {
        long[] known = [.. workers.SelectMany(worker => worker.KnownLeases)];
        var reply = database.HeartbeatAsync(new HeartbeatRequest(orchestratorId, options.Takeover, _acknowledged, Draining, known, lostAfter), stop).GetAwaiter().GetResult();
        Volatile.Write(ref _lastBeat, timeProvider.GetTimestamp());
        _acknowledged.Clear();
        Report(reply.Recovery);
        if (reply.NextScheduleIn is { } next)
        {
            OnSchedule?.Invoke(next);
        }

        if (!reply.Alive)
        {
            Lose();
        }

        if (Volatile.Read(ref _unregistered) == 1 && !Draining && !_outdated)
        {
            Register(stop);
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

    /// <summary>We were taken over. Said once, however long it takes to come back.</summary>
    private void Lose()
    {
        if (_registered)
        {
            Volatile.Write(ref _registered, false);
            Telemetry.Fenced();
            OrchestratorLog.Fenced(logger, orchestratorId, options.Takeover);
        }

        foreach (var worker in workers)
        {
            worker.Fence();
        }

        Volatile.Write(ref _unregistered, 1);
    }

    /// <summary>Registers anew; if that fails, the next beat tries again.</summary>
    private void Register(CancellationToken stop)
    {
        try
        {
            RegisterAsync(stop).GetAwaiter().GetResult();
        }
        catch (ConductorException exception) when (exception.Code == ConductorErrorCode.Schema)
        {
            GiveUp(exception);
            return;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            OrchestratorLog.RegistrationFailed(logger, exception);
            throw;
        }

        Volatile.Write(ref _unregistered, 0);
        Volatile.Write(ref _registered, true);
        foreach (var worker in workers)
        {
            worker.Wake();
        }
    }

    /// <summary>A breaking migration left this process behind: there is no coming back.</summary>
    private void GiveUp(Exception exception)
    {
        if (!_outdated)
        {
            _outdated = true;
            OrchestratorLog.Outdated(logger, orchestratorId, exception);
            OnShutdown(exception.Message);
        }
    }

    private void Report(RecoveryReport recovery)
    {
        if (recovery.Rescued + recovery.DeadLettered + recovery.Orchestrators == 0)
        {
            return;
        }

        Telemetry.Rescued(recovery.Rescued, recovery.DeadLettered);
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

        if (signal.ExecutionId is not { } id)
        {
            return;
        }

        OrchestratorLog.Cancelling(logger, id, signal.Reason);
        if (!workers.Any(worker => worker.Cancel(id, signal.Reason)))
        {
            foreach (var worker in workers)
            {
                worker.CancelWhenClaimed(id, signal.Reason);
            }
        }
    }
}
