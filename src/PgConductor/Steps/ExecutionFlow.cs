using System.Diagnostics;
using Npgsql;
using PgConductor.Database;
using PgConductor.Diagnostics;

namespace PgConductor.Steps;

/// <summary>The durable side of one run of an execution: its steps, its waits, and what replays the same.</summary>
/// <remarks>Made at a handler's first use of any of it. Thread-safe. <see cref="ChildFlow"/> has what concerns children.</remarks>
internal sealed class ExecutionFlow
{
    private static readonly TimeSpan _longestSleep = TimeSpan.FromDays(36_500);

    private readonly IFlowOwner _owner;
    private readonly FlowServices _services;
    private readonly FlowGate _gate;
    private int _guids;
    private Random? _random;
    private ChildFlow? _children;
    private EventFlow? _events;

    public ExecutionFlow(IFlowOwner owner, FlowServices services, FlowGate gate, IReadOnlyList<StoredStep>? stored)
    {
        _owner = owner;
        _services = services;
        _gate = gate;
        Journal = new StepJournal(stored, services.TimeProvider.GetUtcNow());
    }

    public StepJournal Journal { get; }

    public WaitList Waits { get; } = new();

    /// <summary>It was put away to run again as soon as it may: nothing is waited for.</summary>
    public bool IsHandedBack { get; private set; }

    public DateTimeOffset Now => new(Journal.Now, TimeSpan.Zero);

    public Random Random => _random ??= new DeterministicRandom(_owner.ExecutionId);

    public ChildFlow Children => _children ??= new ChildFlow(this, _owner, _services);

    public EventFlow Events => _events ??= new EventFlow(this, _owner, _services);

    public Guid NewGuid() => DeterministicGuid.Create(_owner.ExecutionId, Interlocked.Increment(ref _guids));

    public Task<T> StepAsync<T>(string name, Func<Task<T>> work, StepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        var used = Journal.Use(name, StepKind.Step);
        return used.Stored is { State: StepState.Done } stored
            ? Task.FromResult(Replay<T>(name, stored))
            : RunAsync(async () =>
            {
                if (options is not { FollowAtOnce: true } && TryHandBack())
                {
                    return await Never<T>().ConfigureAwait(false);
                }

                using var activity = Begin(name);
                var value = await work().ConfigureAwait(false);
                var step = Finished(name, used, value);
                return await SaveAsync(step).ConfigureAwait(false) == StepEffect.Existing
                    ? Replay<T>(name, await ReloadAsync(name).ConfigureAwait(false))
                    : Read<T>(step);
            });
    }

    public Task<T> TransactionStepAsync<T>(string name, Func<NpgsqlTransaction, Task<T>> work, StepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        var used = Journal.Use(name, StepKind.Step);
        return used.Stored is { State: StepState.Done } stored
            ? Task.FromResult(Replay<T>(name, stored))
            : RunAsync(async () =>
            {
                if (options is not { FollowAtOnce: true } && TryHandBack())
                {
                    return await Never<T>().ConfigureAwait(false);
                }

                using var activity = Begin(name);
                StepSave step = default;
                try
                {
                    await _services.Database.SaveStepInTransactionAsync(
                        _services.OrchestratorId,
                        async (transaction, _) => step = Finished(name, used, await work(transaction).ConfigureAwait(false)),
                        _owner.CancellationToken).ConfigureAwait(false);
                }
                catch (ConductorException exception) when (exception.Code == ConductorErrorCode.StepRejected)
                {
                    return Replay<T>(name, await ReloadAsync(name).ConfigureAwait(false));
                }

                Telemetry.Stepped(_owner.TaskKey, StepEffect.Saved);
                Journal.Pass(step.FinishedAt);
                return Read<T>(step);
            });
    }

    public Task SleepAsync(string name, TimeSpan duration)
    {
        if (duration > _longestSleep)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"A sleep of {duration} is not possible: at most {_longestSleep.TotalDays} days.");
        }

        return SleepAsync(name, duration <= TimeSpan.Zero, wait => wait with { Seconds = duration.TotalSeconds });
    }

    public Task SleepUntilAsync(string name, DateTimeOffset until) =>
        until - Now > _longestSleep
            ? throw new ConductorException(ConductorErrorCode.InvalidArgument, $"A sleep until {until:O} is not possible: at most {_longestSleep.TotalDays} days.")
            : SleepAsync(name, until <= Now, wait => wait with { Deadline = until });

    public Task CheckpointAsync() => TryHandBack() ? Never<bool>() : Task.CompletedTask;

    /// <summary>Waits for what is recorded, or will be when the execution suspends. Never completes: a later run goes on.</summary>
    public Task<T> Wait<T>(Action<WaitList> add)
    {
        // Before the gate may park it: what is parked is complete.
        add(Waits);
        _ = _gate.TryWait();
        return Never<T>();
    }

    /// <summary>Runs something of the execution; the handler goes on from its end.</summary>
    public Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        if (!_gate.TryEnter())
        {
            return Never<T>();
        }

        var running = work();
        var completion = new TaskCompletionSource<T>();
        _ = CompleteAsync(running, completion);
        return completion.Task;
    }

    /// <summary>Stores a step, or ends the handler because the execution is no longer ours.</summary>
    public async Task<StepEffect> SaveAsync(StepSave step)
    {
        var effect = await _services.Writer.SaveAsync(step).ConfigureAwait(false);
        Telemetry.Stepped(_owner.TaskKey, effect);
        if (effect == StepEffect.Rejected)
        {
            throw Rejected(step.Name);
        }

        Journal.Pass(step.FinishedAt);
        return effect;
    }

    /// <summary>Reads the steps again, because one is stored that this run does not know.</summary>
    public async Task<StoredStep> ReloadAsync(string name) =>
        Journal.Renew(name, await _services.Database.LoadStepsAsync(_owner.ExecutionId, _owner.CancellationToken).ConfigureAwait(false))
            ?? throw Rejected(name);

    public T Replay<T>(string name, StoredStep stored)
    {
        Journal.Pass(stored.FinishedAt);
        return Read<T>(stored.Result, $"stored result of step \"{name}\" of task \"{_owner.TaskKey}\"");
    }

    public T Read<T>(byte[]? json, string what) =>
        json is null || typeof(T) == typeof(NoResult) ? default! : _services.Serializer.Deserialize<T>(json, what);

    private T Read<T>(StepSave step) => Read<T>(step.Result, $"result of step \"{step.Name}\" of task \"{_owner.TaskKey}\"");

    private async Task CompleteAsync<T>(Task<T> running, TaskCompletionSource<T> completion)
    {
        try
        {
            var value = await running.ConfigureAwait(false);
            _gate.Leave(() => completion.TrySetResult(value));
        }
        catch (Exception exception)
        {
            _gate.Leave(() => completion.TrySetException(exception));
        }
    }

    private Task SleepAsync(string name, bool isOver, Func<NewWait, NewWait> describe)
    {
        var used = Journal.Use(name, StepKind.Sleep);
        switch (used.Stored)
        {
            case null when isOver:
                return Task.CompletedTask;
            case null:
                return Wait<bool>(waits => waits.Add(describe(new NewWait(name, used.Ordinal, StepKind.Sleep, used.StartedAt))));
            case { State: StepState.Waiting }:
                return Wait<bool>(waits => waits.AddOpen(name));
            default:
                Journal.Pass(used.Stored.FinishedAt);
                return Task.CompletedTask;
        }
    }

    private StepSave Finished<T>(string name, UsedStep used, T value)
    {
        var json = typeof(T) == typeof(NoResult) ? null : _services.Serializer.Serialize(value, $"result of step \"{name}\" of task \"{_owner.TaskKey}\"");
        var now = StepJournal.Micros(_services.TimeProvider.GetUtcNow().UtcDateTime);
        return new StepSave(_owner.LeaseId, _owner.Position, name, used.Ordinal, json, used.StartedAt, now > used.StartedAt ? now : used.StartedAt);
    }

    /// <summary>Between steps is the moment to stop, for a process or at the end of a window: what is done is stored, and somebody goes on, once the window is open.</summary>
    private bool TryHandBack()
    {
        if (!_services.Drain.IsSet && !_owner.IsWindowClosed)
        {
            return false;
        }

        // First: whoever sees that it is parked must see how. Should it be parked for a wait at this very moment, it
        // asks for that wait again in its next run.
        IsHandedBack = true;
        _gate.TryPark();
        return true;
    }

    public OperationCanceledException Rejected(string name)
    {
        StepsLog.Rejected(_services.Logger, name, _owner.ExecutionId);
        _owner.OnRejected();
        return new OperationCanceledException($"The step \"{name}\" was rejected: another process runs the execution by now.");
    }

    private static Activity? Begin(string name) =>
        Telemetry.Activities.HasListeners() ? Telemetry.Activities.StartActivity($"step {name}") : null;

    private static Task<T> Never<T>() => new TaskCompletionSource<T>().Task;
}
