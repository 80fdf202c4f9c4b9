using Npgsql;

namespace PgConductor.Database;

/// <summary>Everything the engine asks of the database; each method is one SQL function. The seam at which unit tests stand in.</summary>
internal interface IDatabaseClient : IExecutionStore, IStepStore, IEventStore, ILimitStore, ILogStore, IInvocationStore, IOrchestratorStore, IQueueStore, IScheduleStore, IAsyncDisposable
{
    /// <summary>Whether LISTEN and session locks work on this connection.</summary>
    bool SupportsSessions { get; }

    /// <summary>Installs or upgrades the schema. Returns its version.</summary>
    Task<int> MigrateAsync(CancellationToken cancellationToken);

    /// <summary>The installed schema version; -1: none.</summary>
    Task<int> GetSchemaVersionAsync(CancellationToken cancellationToken);

    /// <summary>The server's version and the schema's, without needing a schema.</summary>
    Task<DatabaseInfo> GetDatabaseInfoAsync(CancellationToken cancellationToken);

    /// <summary>The server settings that matter, by name.</summary>
    Task<IReadOnlyDictionary<string, string>> GetServerSettingsAsync(CancellationToken cancellationToken);

    /// <summary>Housekeeping of the history.</summary>
    Task<MaintenanceReport> MaintainAsync(CancellationToken cancellationToken);

    /// <summary>How the history's partitions stand.</summary>
    Task<IReadOnlyList<MaintenanceStatus>> GetMaintenanceStatusAsync(CancellationToken cancellationToken);
}

/// <summary>Claims and outcomes.</summary>
internal interface IExecutionStore
{
    /// <summary>Claims due executions. Not retried here: the caller's loop decides. Null lease: nothing was due.</summary>
    Task<Claim> ClaimAsync(Guid orchestratorId, string queue, ClaimSize size, string? position, CancellationToken cancellationToken);

    /// <summary>Looks behind a position, on a connection of its own. Not retried here: the caller looks again.</summary>
    Task<LateArrivals> FindLateArrivalsAsync(Guid orchestratorId, string queue, string position, LookRange range, CancellationToken cancellationToken);

    /// <summary>Claims due executions of one task. Not retried here: the caller's loop decides. Null lease: nothing was due.</summary>
    Task<Claim> ClaimTaskAsync(Guid orchestratorId, string queue, string taskKey, int limit, CancellationToken cancellationToken);

    /// <summary>Records outcomes. Not retried here: the flusher decides.</summary>
    Task<IReadOnlyList<Settlement>> ReturnAsync(Guid orchestratorId, OutcomeBatch batch, CancellationToken cancellationToken);

    Task<ExecutionInfo?> GetExecutionAsync(Guid id, CancellationToken cancellationToken);

    Task<IReadOnlyList<ExecutionInfo>> ListExecutionsAsync(Client.ExecutionQuery query, CancellationToken cancellationToken);

    Task<IReadOnlyList<ExecutionCount>> CountExecutionsAsync(string? queue, string? taskKey, CancellationToken cancellationToken);

    Task<Client.CancelOutcome> CancelExecutionAsync(Guid id, string reason, CancellationToken cancellationToken);

    Task RetryExecutionAsync(Guid id, CancellationToken cancellationToken);

    Task<IReadOnlyList<HeldHorizon>> GetHeldHorizonAsync(TimeSpan olderThan, CancellationToken cancellationToken);
}

/// <summary>Steps.</summary>
internal interface IStepStore
{
    /// <summary>Stores finished steps of running executions; an answer for each. Not retried here: the writer decides.</summary>
    Task<IReadOnlyList<StepEffect>> SaveStepsAsync(Guid orchestratorId, IReadOnlyList<StepSave> steps, CancellationToken cancellationToken);

    /// <summary>Runs the work in a transaction and stores the step it returns with it. Errors of the work stay as they are.</summary>
    /// <exception cref="ConductorException">Code step-rejected: nothing is stored, and the transaction is rolled back.</exception>
    Task SaveStepInTransactionAsync(Guid orchestratorId, Func<NpgsqlTransaction, CancellationToken, Task<StepSave>> work, CancellationToken cancellationToken);

    /// <summary>The steps of an execution as a claim would bring them.</summary>
    Task<IReadOnlyList<StoredStep>> LoadStepsAsync(Guid executionId, CancellationToken cancellationToken);

    /// <summary>The steps of an execution for people.</summary>
    Task<IReadOnlyList<StepInfo>> ListStepsAsync(Guid executionId, CancellationToken cancellationToken);
}

/// <summary>Enqueueing.</summary>
internal interface IInvocationStore
{
    Task<Client.InvokeOutcome> InvokeAsync(Invocation invocation, DedupePolicy policy, NpgsqlTransaction? transaction, CancellationToken cancellationToken);

    Task<IReadOnlyList<Client.InvokeOutcome>> InvokeManyAsync(IReadOnlyList<Invocation> invocations, DedupePolicy policy, NpgsqlTransaction? transaction, CancellationToken cancellationToken);

    /// <summary>Enqueues one execution that is simply new, and claims it for a worker of this process if that may have it now. Null lease: it is enqueued only. Not retried here: the caller goes on with an invoke that may be known.</summary>
    Task<Claim> InvokeAndClaimAsync(Guid orchestratorId, string workerQueue, Invocation invocation, CancellationToken cancellationToken);
}

/// <summary>The life of a process that runs executions.</summary>
internal interface IOrchestratorStore
{
    Task RegisterOrchestratorAsync(Guid id, string name, string version, int schemaVersion, CancellationToken cancellationToken);

    Task RegisterWorkerAsync(Guid id, string queue, IReadOnlyCollection<TaskDefinition> tasks, CancellationToken cancellationToken);

    /// <summary>One beat. Blocks the caller rather than needing a thread of the pool to go on: call it on a thread of its own.</summary>
    Task<HeartbeatReply> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellationToken);

    Task<RecoveryReport> RecoverAsync(TimeSpan takeover, CancellationToken cancellationToken);

    Task<int> ShutdownAsync(Guid id, CancellationToken cancellationToken);

    Task<bool> SignalShutdownAsync(Guid id, string reason, CancellationToken cancellationToken);

    Task<IReadOnlyList<OrchestratorInfo>> ListOrchestratorsAsync(CancellationToken cancellationToken);

    /// <summary>Opens the listening connection; the callback gets "signal" or a queue name, or null for "look at everything": hints may have been lost.</summary>
    Task<IAsyncDisposable> ListenAsync(Guid orchestratorId, IReadOnlyCollection<string> queues, Action<string?> onHint, CancellationToken cancellationToken);

    /// <summary>Says that a worker of the queue is idle and wants hints, or takes that back. Best effort: false when it could not be said. May block for a moment.</summary>
    Task<bool> SetIdleAsync(string queue, bool idle, CancellationToken cancellationToken);
}

/// <summary>Queues and tasks.</summary>
internal interface IQueueStore
{
    Task<bool> CreateQueueAsync(string name, bool partitioned, CancellationToken cancellationToken);

    Task<bool> DropQueueAsync(string name, bool force, CancellationToken cancellationToken);

    Task PauseQueueAsync(string name, CancellationToken cancellationToken);

    Task ResumeQueueAsync(string name, CancellationToken cancellationToken);

    Task<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken);

    /// <summary>How many executions wait, counted up to a limit.</summary>
    Task<IReadOnlyList<QueueDepth>> GetQueueDepthsAsync(IReadOnlyCollection<string> queues, CancellationToken cancellationToken);

    Task<IReadOnlyList<QueueLag>> GetQueueLagAsync(IReadOnlyCollection<string>? queues, CancellationToken cancellationToken);

    Task<IReadOnlyList<TaskInfo>> ListTasksAsync(CancellationToken cancellationToken);

    /// <summary>Replaces a task's windows. Time zone null: as it is.</summary>
    Task SetWindowsAsync(string taskKey, IReadOnlyCollection<string> windows, string? timeZone, CancellationToken cancellationToken);
}
