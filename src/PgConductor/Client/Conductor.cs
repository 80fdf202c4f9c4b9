using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Serialization;

namespace PgConductor.Client;

/// <summary>The client over one PostgreSQL database.</summary>
/// <remarks>Thread-safe; owns a connection pool, so make one a process and dispose it at the end.</remarks>
public sealed partial class Conductor : IConductor, IAsyncDisposable
{
    private static readonly TimeSpan _firstLook = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Makes a client; connects at the first call.</summary>
    /// <exception cref="ConductorException">Code invalid-argument: the options are faulty; the message lists every fault.</exception>
    public Conductor(ConductorOptions options)
        : this(options, Validated)
    {
    }

    internal Conductor(ConductorOptions options, Func<ConductorOptions, IDatabaseClient> database)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        Database = database(options);
        Direct = new DirectInvoker(Database);
        Serializer = new PayloadSerializer(options.JsonTypeInfoResolver, options.MaxPayloadBytes);
    }

    internal ConductorOptions Options { get; }

    internal IDatabaseClient Database { get; }

    internal DirectInvoker Direct { get; }

    internal PayloadSerializer Serializer { get; }

    /// <inheritdoc/>
    public async Task<ExecutionHandle<TResult>> InvokeAsync<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, TPayload payload, InvokeOptions? options = null, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        var json = Serializer.Serialize(payload, $"payload of task \"{task.Key}\"");
        var outcome = await InvokeAsync(task.Key, json, task.Options.Queue, options, transaction, cancellationToken).ConfigureAwait(false);
        return new ExecutionHandle<TResult>(this, outcome.Id, outcome.Disposition);
    }

    /// <inheritdoc/>
    public async Task<ExecutionHandle<JsonElement>> InvokeAsync(string taskKey, JsonElement payload, InvokeOptions? options = null, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(taskKey);
        var outcome = await InvokeAsync(taskKey, WriteElement(payload, taskKey), null, options, transaction, cancellationToken).ConfigureAwait(false);
        return new ExecutionHandle<JsonElement>(this, outcome.Id, outcome.Disposition);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Guid>> InvokeManyAsync<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, IEnumerable<TPayload> payloads, InvokeOptions? options = null, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(payloads);
        options ??= InvokeOptions.Default;
        if (options.Id is not null || options.DedupeKey is not null || options.Throttle is not null || options.Debounce is not null)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, "Id, DedupeKey, Throttle and Debounce belong to one execution: use the overload with InvokeItem to give each its own.");
        }

        InvocationRules.Check(task.Key, options);
        var what = $"payload of task \"{task.Key}\"";
        var trace = Activity.Current?.Id;
        var queue = options.Queue ?? QueueOf(task);
        var invocations = new List<Invocation>(payloads.TryGetNonEnumeratedCount(out var count) ? count : 16);
        foreach (var payload in payloads)
        {
            invocations.Add(new Invocation(Guid.CreateVersion7(), task.Key, Serializer.Serialize(payload, what), queue, options.RunAt, options.Priority, options.MaxAttempts, null, trace));
        }

        await Database.InvokeManyAsync(invocations, DedupePolicy.ReturnExisting, transaction, cancellationToken).ConfigureAwait(false);
        Telemetry.Enqueued(invocations.Count, task.Key);
        return [.. invocations.Select(invocation => invocation.Id)];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<InvokeOutcome>> InvokeManyAsync(IReadOnlyList<InvokeItem> items, DedupePolicy dedupePolicy = DedupePolicy.ReturnExisting, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        var trace = Activity.Current?.Id;
        var invocations = new Invocation[items.Count];
        for (var i = 0; i < invocations.Length; i++)
        {
            var (taskKey, payload, itemOptions) = items[i];
            var options = itemOptions ?? InvokeOptions.Default;
            InvocationRules.Check(taskKey, options);
            invocations[i] = new Invocation(options.Id ?? Guid.CreateVersion7(), taskKey, WriteElement(payload, taskKey), options.Queue, options.RunAt, options.Priority, options.MaxAttempts, options.DedupeKey, trace, options.Id is not null, PaceRules.PaceOf(options));
        }

        var outcomes = await Database.InvokeManyAsync(invocations, dedupePolicy, transaction, cancellationToken).ConfigureAwait(false);
        foreach (var group in invocations.Where((_, i) => outcomes[i].Disposition != InvokeDisposition.Dropped).GroupBy(invocation => invocation.TaskKey, StringComparer.Ordinal))
        {
            Telemetry.Enqueued(group.Count(), group.Key);
        }

        return outcomes;
    }

    /// <inheritdoc/>
    public ExecutionHandle<TResult> GetHandle<TResult>(Guid id) => new(this, id, InvokeDisposition.Existing);

    /// <inheritdoc/>
    public Task<ExecutionInfo?> GetAsync(Guid id, CancellationToken cancellationToken = default) => Database.GetExecutionAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StepInfo>> GetStepsAsync(Guid id, CancellationToken cancellationToken = default) => Database.ListStepsAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ExecutionLogEntry>> GetLogsAsync(Guid id, LogLevel minLevel = LogLevel.Trace, int limit = 1000, CancellationToken cancellationToken = default) =>
        limit is < 1 or > 10_000
            ? throw new ConductorException(ConductorErrorCode.InvalidArgument, $"{limit} log lines cannot be read at once: ask for 1 to 10000.")
            : Database.GetLogsAsync(id, minLevel, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<MaintenanceStatus>> GetMaintenanceStatusAsync(CancellationToken cancellationToken = default) => Database.GetMaintenanceStatusAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ExecutionInfo>> ListAsync(ExecutionQuery? query = null, CancellationToken cancellationToken = default) =>
        Database.ListExecutionsAsync(query ?? new ExecutionQuery(), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ExecutionCount>> CountAsync(string? queue = null, string? taskKey = null, CancellationToken cancellationToken = default) =>
        Database.CountExecutionsAsync(queue, taskKey, cancellationToken);

    /// <inheritdoc/>
    public Task<CancelOutcome> CancelAsync(Guid id, string reason = "cancelled", CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return Database.CancelExecutionAsync(id, JsonText.Clean(reason, FailureRecord.MaxMessageLength), cancellationToken);
    }

    /// <inheritdoc/>
    public Task RetryAsync(Guid id, CancellationToken cancellationToken = default) => Database.RetryExecutionAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> CreateQueueAsync(string name, bool partitioned = false, CancellationToken cancellationToken = default)
    {
        InvocationRules.CheckQueue(name);
        return Database.CreateQueueAsync(name, partitioned, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> DropQueueAsync(string name, bool force = false, CancellationToken cancellationToken = default)
    {
        InvocationRules.CheckQueue(name);
        return Database.DropQueueAsync(name, force, cancellationToken);
    }

    /// <inheritdoc/>
    public Task PauseQueueAsync(string name, CancellationToken cancellationToken = default)
    {
        InvocationRules.CheckQueue(name);
        return Database.PauseQueueAsync(name, cancellationToken);
    }

    /// <inheritdoc/>
    public Task ResumeQueueAsync(string name, CancellationToken cancellationToken = default)
    {
        InvocationRules.CheckQueue(name);
        return Database.ResumeQueueAsync(name, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken = default) => Database.ListQueuesAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<QueueLag>> GetQueueLagAsync(IReadOnlyCollection<string>? queues = null, CancellationToken cancellationToken = default) =>
        Database.GetQueueLagAsync(queues, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TaskInfo>> ListTasksAsync(CancellationToken cancellationToken = default) => Database.ListTasksAsync(cancellationToken);

    /// <inheritdoc/>
    public Task SetWindowsAsync(string taskKey, IReadOnlyCollection<ExecutionWindow> windows, string? timeZone = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(taskKey);
        ArgumentNullException.ThrowIfNull(windows);
        return Database.SetWindowsAsync(taskKey, [.. windows.Select(window => window.ToString())], timeZone, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<OrchestratorInfo>> ListOrchestratorsAsync(CancellationToken cancellationToken = default) => Database.ListOrchestratorsAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<bool> StopOrchestratorAsync(Guid id, string reason = "asked to stop", CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return Database.SignalShutdownAsync(id, JsonText.Clean(reason, FailureRecord.MaxMessageLength), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<int> MigrateAsync(CancellationToken cancellationToken = default) => Database.MigrateAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<DatabaseInfo> GetDatabaseInfoAsync(CancellationToken cancellationToken = default) => Database.GetDatabaseInfoAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, string>> GetServerSettingsAsync(CancellationToken cancellationToken = default) =>
        Database.GetServerSettingsAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<HeldHorizon>> GetHeldHorizonAsync(TimeSpan olderThan, CancellationToken cancellationToken = default) =>
        Database.GetHeldHorizonAsync(olderThan, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Database.DisposeAsync();

    internal async Task<TResult> WaitAsync<TResult>(Guid id, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var clock = Options.TimeProvider;
        var start = clock.GetTimestamp();
        var pause = _firstLook;
        while (true)
        {
            var info = await Database.GetExecutionAsync(id, cancellationToken).ConfigureAwait(false)
                ?? throw new ConductorException(ConductorErrorCode.NotFound, $"Execution {id} is not known: it never was, its retention is over, or its task keeps no history (TaskOptions.KeepCompleted), without which an outcome cannot be waited for.");
            switch (info.State)
            {
                case ExecutionState.Completed:
                    return info.Result is { } result && typeof(TResult) != typeof(NoResult)
                        ? Serializer.Deserialize<TResult>(Encoding.UTF8.GetBytes(result.GetRawText()), $"result of execution {id}")
                        : default!;
                case ExecutionState.Failed:
                    throw new ConductorException(ConductorErrorCode.ExecutionFailed, $"Execution {id} of task \"{info.TaskKey}\" failed after {info.Attempts} attempts: {info.Reason}");
                case ExecutionState.Cancelled:
                    throw new ConductorException(ConductorErrorCode.ExecutionCancelled, $"Execution {id} of task \"{info.TaskKey}\" was cancelled: {info.Reason}");
                default:
                    break;
            }

            var left = timeout is { } limit && limit != Timeout.InfiniteTimeSpan ? limit - clock.GetElapsedTime(start) : TimeSpan.MaxValue;
            if (left <= TimeSpan.Zero)
            {
                throw new TimeoutException($"Execution {id} of task \"{info.TaskKey}\" had no outcome within {timeout}; it is {info.State.ToString().ToLowerInvariant()}.");
            }

            // To the very end of the time given, and one look then.
            await Task.Delay(pause < left ? pause : left, clock, cancellationToken).ConfigureAwait(false);
            pause = pause * 1.5 < _longestPause ? pause * 1.5 : _longestPause;
        }
    }

    private static DatabaseClient Validated(ConductorOptions options)
    {
        var faults = options.Validate();
        return faults.Count == 0
            ? new DatabaseClient(options)
            : throw new ConductorException(ConductorErrorCode.InvalidArgument, $"The options are faulty: {string.Join("; ", faults)}.");
    }

    private static string? QueueOf(TaskDefinition task) => task.Options.Queue == TaskOptions.Default.Queue ? null : task.Options.Queue;

    private async Task<InvokeOutcome> InvokeAsync(string taskKey, byte[] payload, string? taskQueue, InvokeOptions? options, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        options ??= InvokeOptions.Default;
        InvocationRules.Check(taskKey, options);
        using var activity = Telemetry.Activities.StartActivity("invoke", ActivityKind.Producer);
        var id = options.Id ?? Guid.CreateVersion7();
        if (activity is not null)
        {
            activity.DisplayName = $"invoke {taskKey}";
            activity.SetTag("pgconductor.task", taskKey);
            activity.SetTag("pgconductor.execution", id);
        }

        var queue = options.Queue ?? (taskQueue == TaskOptions.Default.Queue ? null : taskQueue);
        var invocation = new Invocation(id, taskKey, payload, queue, options.RunAt, options.Priority, options.MaxAttempts, options.DedupeKey, Activity.Current?.Id, options.Id is not null, PaceRules.PaceOf(options));
        cancellationToken.ThrowIfCancellationRequested();
        var invoking = transaction is null && Direct.TryBegin(invocation) is { } start
            ? Direct.InvokeAsync(invocation, start, cancellationToken)
            : Database.InvokeAsync(invocation, options.DedupePolicy, transaction, cancellationToken);
        var outcome = await invoking.ConfigureAwait(false);
        if (outcome.Disposition != InvokeDisposition.Dropped)
        {
            Telemetry.Enqueued(1, taskKey);
        }

        return outcome;
    }

    private byte[] WriteElement(JsonElement payload, string taskKey)
    {
        var what = $"payload of task \"{taskKey}\"";
        return payload.ValueKind == JsonValueKind.Undefined
            ? throw new ConductorException(ConductorErrorCode.InvalidPayload, $"The {what} is undefined: give a JSON value, null included.")
            : Serializer.Check(Encoding.UTF8.GetBytes(payload.GetRawText()), what);
    }
}
