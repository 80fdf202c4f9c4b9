using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Serialization;

namespace PgConductor.Workers;

/// <summary>Executions of one task in this process that are run together: gathered, started, and each given its outcome once.</summary>
/// <remarks>
/// Executions come from any number of leases, and each settles for itself. Gathered by the collector, started by one slot; items may be
/// stopped by anybody, at any time, and get their outcomes from any thread. What is written by more than one is under <c>_gate</c>.
/// </remarks>
#pragma warning disable CA1001 // The token source has no timer and no links; not disposing it lets Stop race with the end without a lock.
internal sealed class RunningBatch(BatchRegistration task, WorkerServices services, ExecutionRunner runner, ResultFlusher flusher) : ISlotWork
{
    private readonly Lock _gate = new();
    private readonly List<RunningExecution> _gathered = [];
    private readonly CancellationTokenSource _cancellation = new();
    private List<RunningExecution> _items = [];
    private AsyncServiceScope? _scope;
    private ILogger? _logger;
    private bool _started;

    // Gathered and neither ended nor told to stop; told to stop and not ended.
    private int _wanted;
    private int _stopped;

    public BatchRegistration Registration => task;

    public string TaskKey => task.Definition.Key;

    public string Queue => services.Queue;

    public IConductor Conductor => services.Conductor;

    public CancellationToken CancellationToken => _cancellation.Token;

    public ILogger Logger => _logger ??= services.LoggerFactory.CreateLogger($"PgConductor.Tasks.{TaskKey}");

    /// <summary>Where its log lines are kept; null: nowhere. Set before the handler starts.</summary>
    public BatchRunLog? Lines { get; set; }

    /// <summary>It still gathers. Written by the collector.</summary>
    public bool IsOpen { get; set; } = true;

    /// <summary>How many it has gathered. Read by the collector, which adds.</summary>
    public int Gathered => _gathered.Count;

    /// <summary>What the handler gets; set by <see cref="Start"/>.</summary>
    public IReadOnlyList<RunningExecution> Items => _items;

    public IServiceProvider Services
    {
        get
        {
            _scope ??= (services.ScopeFactory
                ?? throw new InvalidOperationException("The orchestrator was made without services: pass an IServiceProvider, or use PgConductor.Hosting.")).CreateAsyncScope();
            return _scope.Value.ServiceProvider;
        }
    }

    /// <summary>Gathers one more. Before anybody else knows the execution, or while it is open.</summary>
    public void Add(RunningExecution execution)
    {
        lock (_gate)
        {
            _wanted++;
            _gathered.Add(execution);
        }

        if (execution.Join(this))
        {
            OnStopped();
        }
    }

    /// <summary>Takes what is still there of it, and settles what was told to stop before it started. False: nothing is left to run.</summary>
    public bool Start()
    {
        var items = new List<RunningExecution>(_gathered.Count);
        foreach (var execution in _gathered)
        {
            if (!execution.TryStart())
            {
                // Handed back meanwhile.
                continue;
            }

            if (execution.StopReason != StopReason.None)
            {
                Settle(execution, () => runner.Stopped(execution, exception: null));
            }
            else if (execution.Claimed.Steps is { Count: > 0 } || execution.Claimed.StepsLeftBehind)
            {
                Fail(execution, new ConductorException(ConductorErrorCode.StepConflict, $"Execution {execution.ExecutionId} of task \"{TaskKey}\" has steps, which a batch cannot go on with: the task was run one by one before. Let a process that still does finish it, or cancel it."));
            }
            else
            {
                items.Add(execution);
            }
        }

        _items = items;
        lock (_gate)
        {
            _started = true;
        }

        CancelIfUnwanted();
        return items.Count > 0;
    }

    /// <summary>Gives an item its outcome. False: it had one.</summary>
    public bool Complete(RunningExecution execution, byte[]? result) =>
        Settle(execution, () => result is null ? null : ExecutionRunner.Make(execution, OutcomeKind.Completed, result: result));

    /// <inheritdoc cref="Complete"/>
    public bool Fail(RunningExecution execution, Exception error, bool isReported = false) =>
        Settle(execution, () => runner.Failed(execution, task.Definition.Options, error, isReported));

    /// <inheritdoc cref="Complete"/>
    public bool Cancel(RunningExecution execution, string reason) =>
        Settle(execution, () => ExecutionRunner.Make(execution, OutcomeKind.Cancelled, error: FailureRecord.Write("Cancelled", reason)));

    /// <summary>Tells all of it to stop.</summary>
    public void Stop(StopReason reason, string? text = null)
    {
        foreach (var execution in _items)
        {
            execution.Stop(reason, text);
        }

        _ = CancelAsync();
    }

    /// <summary>The handler is over: what has no outcome gets one. Returns how many failed with the error.</summary>
    /// <param name="error">What it threw; null: it returned.</param>
    public int End(Exception? error)
    {
        var count = 0;
        foreach (var execution in _items)
        {
            if (error is not null)
            {
                count += Fail(execution, error, isReported: true) ? 1 : 0;
            }
            else
            {
                Settle(execution, () => Unmentioned(execution));
            }
        }

        return count;
    }

    /// <summary>Disposes of what it used.</summary>
    public ValueTask DisposeScopeAsync() => _scope is { } scope ? scope.DisposeAsync() : default;

    /// <summary>An item was told to stop, once.</summary>
    public void OnStopped()
    {
        lock (_gate)
        {
            _wanted--;
            _stopped++;
        }

        CancelIfUnwanted();
    }

    /// <summary>An item has ended, once.</summary>
    public void OnEnded(bool wasStopped)
    {
        lock (_gate)
        {
            if (wasStopped)
            {
                _stopped--;
            }
            else
            {
                _wanted--;
            }
        }

        CancelIfUnwanted();
    }

    /// <summary>The handler returned and said nothing of it. What was told to stop is not taken for done: the handler may have left it out.</summary>
    private Outcome? Unmentioned(RunningExecution execution) => execution.StopReason switch
    {
        StopReason.None when task.CompletesSilently => null,
        StopReason.None => runner.Failed(execution, task.Definition.Options, new InvalidOperationException($"The handler of task \"{TaskKey}\" returned without an outcome for this execution: give every item one, with Complete, Fail or Cancel.")),
        StopReason.TimedOut => runner.Failed(execution, task.Definition.Options, new OperationCanceledException()),
        _ => runner.Stopped(execution, exception: null),
    };

    private bool Settle(RunningExecution execution, Func<Outcome?> decide)
    {
        if (!execution.TryEnd())
        {
            return false;
        }

        Outcome? outcome;
        using var lines = Lines?.Enter(execution.ExecutionId) ?? default;
        try
        {
            outcome = decide();
        }
        catch (Exception exception)
        {
            // Not the handler: a logger, or an exception that cannot even be described.
            outcome = ExecutionRunner.Make(execution, OutcomeKind.Failed, error: FailureRecord.Write(exception.GetType().Name, "The attempt could not be reported as it was."));
        }

        flusher.Add(execution, outcome);
        return true;
    }

    /// <summary>All that have no outcome were told to stop: nobody wants the rest of the handler.</summary>
    private void CancelIfUnwanted()
    {
        bool unwanted;
        lock (_gate)
        {
            unwanted = _started && _wanted == 0 && _stopped > 0;
        }

        if (unwanted)
        {
            _ = CancelAsync();
        }
    }

    /// <summary>Away from the caller; see <see cref="RunningExecution.Stop"/>.</summary>
    private async Task CancelAsync()
    {
        try
        {
            await _cancellation.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException exception)
        {
            BatchLog.CancellationCallbackFailed(Logger, TaskKey, exception);
        }
    }
}
