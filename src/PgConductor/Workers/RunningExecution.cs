using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Steps;

namespace PgConductor.Workers;

/// <summary>Why an execution was told to stop.</summary>
internal enum StopReason
{
    None,
    Cancelled,
    TimedOut,
    Shutdown,
    Fenced,
}

/// <summary>One claimed execution in this process: its place in the lease, its context, its way to be stopped.</summary>
/// <remarks>
/// Started by one runner; stopped by anybody. The token source and the scope are made only when asked for: most handlers
/// never do. <c>_state</c> and <c>_stop</c> are written under <c>_gate</c>.
/// </remarks>
#pragma warning disable CA1001 // The token source has no timer and no links; not disposing it lets Stop race with the end without a lock.
internal sealed class RunningExecution(ClaimedExecution claimed, Lease lease, WorkerServices services) : TaskContext, IFlowOwner, ISlotWork
{
    private readonly Lock _gate = new();

    /// <summary>By this process's own clock, which may differ from the database's: only the distance is told by the claim.</summary>
    private readonly DateTimeOffset? _closesAt = claimed.ClosesIn is { } time ? services.TimeProvider.GetUtcNow() + time : null;
    private CancellationTokenSource? _cancellation;
    private AsyncServiceScope? _scope;
    private ILogger? _logger;
    private FlowGate? _flowGate;
    private ExecutionFlow? _flow;
    private IReadOnlyList<StoredStep>? _steps = claimed.Steps;
    private TimeSpan? _timeout;
    private State _state;

    private enum State
    {
        Buffered,
        Running,
        Ended,
    }

    public ClaimedExecution Claimed => claimed;

    public Lease Lease => lease;

    /// <summary>The batch it is run in; null: it is run on its own.</summary>
    public RunningBatch? Batch { get; private set; }

    /// <summary>Nothing stops it any more: it has its outcome.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_gate)
            {
                return _state == State.Ended;
            }
        }
    }

    public StopReason StopReason { get; private set; }

    public string? StopText { get; private set; }

    /// <summary>Decides when the handler is parked.</summary>
    public FlowGate FlowGate
    {
        get
        {
            lock (_gate)
            {
                return _flowGate ??= new FlowGate();
            }
        }
    }

    public bool IsWindowClosed => _closesAt is { } time && services.TimeProvider.GetUtcNow() >= time;

    long IFlowOwner.LeaseId => lease.Id;

    int IFlowOwner.Position => claimed.Position;

    public override Guid ExecutionId => claimed.Id;

    public override string TaskKey => claimed.TaskKey;

    public override string Queue => services.Queue;

    public override int Attempt => claimed.Attempt;

    public override DateTimeOffset CreatedAt => new(claimed.CreatedAt, TimeSpan.Zero);

    public override IConductor Conductor => services.Conductor;

    public override CancellationToken CancellationToken
    {
        get
        {
            lock (_gate)
            {
                if (_cancellation is null)
                {
                    _cancellation = new CancellationTokenSource();
                    if (StopReason != StopReason.None)
                    {
                        _cancellation.Cancel();
                    }
                }

                return _cancellation.Token;
            }
        }
    }

    public override ILogger Logger => _logger ??= services.LoggerFactory.CreateLogger($"PgConductor.Tasks.{TaskKey}");

    public override IServiceProvider Services
    {
        get
        {
            _scope ??= (services.ScopeFactory
                ?? throw new InvalidOperationException("The orchestrator was made without services: pass an IServiceProvider, or use PgConductor.Hosting.")).CreateAsyncScope();
            return _scope.Value.ServiceProvider;
        }
    }

    private protected override ExecutionFlow Flow
    {
        get
        {
            var gate = FlowGate;
            lock (_gate)
            {
                return _flow ??= new ExecutionFlow(this, services.Flows, gate, _steps);
            }
        }
    }

    /// <summary>Fetches the steps that were too many to come with the claim. Before the handler starts.</summary>
    public async ValueTask LoadStepsAsync() =>
        _steps = await services.Database.LoadStepsAsync(claimed.Id, CancellationToken).ConfigureAwait(false);

    /// <summary>What becomes of it, parked.</summary>
    public Outcome Parked() =>
        Flow.IsHandedBack
            ? new Outcome(lease.Id, claimed.Position, OutcomeKind.Released)
            : new Outcome(lease.Id, claimed.Position, OutcomeKind.Suspended, Result: Flow.Waits.ToJson());

    void IFlowOwner.OnRejected() => Stop(StopReason.Fenced);

    /// <summary>Takes it out of the buffer to run it, or to hand it back. False: somebody else did.</summary>
    public bool TryStart()
    {
        lock (_gate)
        {
            if (_state != State.Buffered)
            {
                return false;
            }

            _state = State.Running;
            return true;
        }
    }

    /// <summary>Asks it to stop; the first reason stays. True: it is running, or waits to be run.</summary>
    public bool Stop(StopReason reason, string? text = null)
    {
        CancellationTokenSource? cancellation;
        RunningBatch? batch;
        lock (_gate)
        {
            if (_state == State.Ended || StopReason != StopReason.None)
            {
                return _state != State.Ended;
            }

            StopReason = reason;
            StopText = text;
            cancellation = _cancellation;
            batch = Batch;
        }

        if (cancellation is not null)
        {
            _ = CancelAsync(cancellation);
        }

        batch?.OnStopped();
        return true;
    }

    /// <summary>From now on it is run in a batch. True: it was told to stop before.</summary>
    public bool Join(RunningBatch batch)
    {
        lock (_gate)
        {
            Batch = batch;
            return StopReason != StopReason.None;
        }
    }

    /// <summary>Ends an item of a batch, which is about to get its outcome. False: it had ended before.</summary>
    public bool TryEnd()
    {
        bool wasStopped;
        lock (_gate)
        {
            if (_state == State.Ended)
            {
                return false;
            }

            _state = State.Ended;
            wasStopped = StopReason != StopReason.None;
        }

        Batch?.OnEnded(wasStopped);
        return true;
    }

    /// <summary>Stops it as timed out after a time.</summary>
    public ITimer StopAfter(TimeSpan timeout, TimeProvider timeProvider)
    {
        _timeout = timeout;
        return timeProvider.CreateTimer(static state => ((RunningExecution)state!).OnTimeout(), this, timeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>After it, nothing stops it any more.</summary>
    public ValueTask EndAsync()
    {
        lock (_gate)
        {
            _state = State.Ended;
        }

        return _scope is { } scope ? scope.DisposeAsync() : default;
    }

    /// <summary>Away from the caller, which is the heartbeat or the flusher: what hangs on the handler's token is not ours, and may block.</summary>
    private async Task CancelAsync(CancellationTokenSource cancellation)
    {
        try
        {
            await cancellation.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException exception)
        {
            WorkerLog.CancellationCallbackFailed(Logger, ExecutionId, TaskKey, exception);
        }
    }

    private void OnTimeout() => Stop(StopReason.TimedOut, $"it ran longer than its timeout of {_timeout}");
}
