using Npgsql;
using PgConductor.Client;
using PgConductor.Schema;

namespace PgConductor.Database;

/// <summary>The only type that talks to PostgreSQL: a facade over the commands of each area.</summary>
/// <remarks>Thread-safe. Outside the pool are the connections for control (heartbeats), LISTEN, claims and outcomes.</remarks>
internal sealed partial class DatabaseClient : IDatabaseClient
{
    private readonly Sessions _sessions;
    private readonly ControlConnection _control;
    private readonly LeaseConnections _claims;
    private readonly LeaseConnections _outcomes;
    private readonly Calls _calls;
    private readonly SchemaManager _schema;
    private readonly ExecutionCommands _executions;
    private readonly StepCommands _steps;
    private readonly InvocationCommands _invocations;
    private readonly OrchestratorCommands _orchestrators;
    private readonly QueueCommands _queues;
    private readonly ScheduleCommands _schedules;

    public DatabaseClient(ConductorOptions options)
    {
        _sessions = new Sessions(options);
        _control = new ControlConnection(_sessions);
        var retry = new TransientRetry(options.RetryTimeout, options.TimeProvider);
        _claims = new LeaseConnections(_sessions.OpenForClaimsAsync);
        _outcomes = new LeaseConnections(_sessions.OpenOwnAsync);
        _calls = new Calls(_sessions, retry);
        _schema = new SchemaManager(_sessions, retry, MigrationStore.Embedded, new OlderProcesses(_sessions, retry, options.TimeProvider));
        _executions = new ExecutionCommands(_calls, _claims, _outcomes);
        _steps = new StepCommands(_calls, _outcomes);
        _events = new EventCommands(_calls);
        _logs = new LogCommands(_calls);
        _invocations = new InvocationCommands(_calls, _outcomes, options.TimeProvider);
        _orchestrators = new OrchestratorCommands(_calls, _sessions, _control, options);
        _queues = new QueueCommands(_calls);
        _limits = new LimitCommands(_calls);
        _schedules = new ScheduleCommands(_calls);
        SupportsSessions = !options.TransactionPooler;
    }

    public bool SupportsSessions { get; }

    public Task<int> MigrateAsync(CancellationToken cancellationToken) => _schema.EnsureLatestAsync(cancellationToken);

    public Task<int> GetSchemaVersionAsync(CancellationToken cancellationToken) => _schema.GetInstalledVersionAsync(cancellationToken);

    public Task<DatabaseInfo> GetDatabaseInfoAsync(CancellationToken cancellationToken) => _schema.InspectAsync(cancellationToken);

    public async Task<IReadOnlyDictionary<string, string>> GetServerSettingsAsync(CancellationToken cancellationToken)
    {
        var settings = await _calls.RetryingAsync(
            "select name, value from pgconductor.server_settings()",
            static _ => { },
            Calls.Rows(static reader => KeyValuePair.Create(reader.GetString(0), reader.GetString(1))),
            cancellationToken).ConfigureAwait(false);
        return settings.ToDictionary(StringComparer.Ordinal);
    }

    public Task<MaintenanceReport> MaintainAsync(CancellationToken cancellationToken) =>
        _calls.OnceAsync(
            "select created, dropped, deleted, skipped from pgconductor.maintain()",
            static _ => { },
            Calls.Row(static reader => new MaintenanceReport(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetInt32(3))),
            cancellationToken);

    public Task<IReadOnlyList<MaintenanceStatus>> GetMaintenanceStatusAsync(CancellationToken cancellationToken) =>
        _calls.RetryingAsync(
            "select table_name, days_ahead, overdue, oldest, in_default from pgconductor.maintenance_status()",
            static _ => { },
            Calls.Rows(static reader => new MaintenanceStatus(reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2), reader.IsDBNull(3) ? null : reader.GetFieldValue<DateOnly>(3), reader.GetInt64(4))),
            cancellationToken);

    public Task<Claim> ClaimAsync(Guid orchestratorId, string queue, ClaimSize size, string? position, CancellationToken cancellationToken) =>
        _executions.ClaimAsync(orchestratorId, queue, size, position, cancellationToken);

    public Task<LateArrivals> FindLateArrivalsAsync(Guid orchestratorId, string queue, string position, LookRange range, CancellationToken cancellationToken) =>
        _executions.FindLateArrivalsAsync(orchestratorId, queue, position, range, cancellationToken);

    public Task<Claim> ClaimTaskAsync(Guid orchestratorId, string queue, string taskKey, int limit, CancellationToken cancellationToken) =>
        _executions.ClaimTaskAsync(orchestratorId, queue, taskKey, limit, cancellationToken);

    public Task<IReadOnlyList<Settlement>> ReturnAsync(Guid orchestratorId, OutcomeBatch batch, CancellationToken cancellationToken) =>
        _executions.ReturnAsync(orchestratorId, batch, cancellationToken);

    public Task<ExecutionInfo?> GetExecutionAsync(Guid id, CancellationToken cancellationToken) => _executions.GetExecutionAsync(id, cancellationToken);

    public Task<IReadOnlyList<ExecutionInfo>> ListExecutionsAsync(ExecutionQuery query, CancellationToken cancellationToken) =>
        _executions.ListExecutionsAsync(query, cancellationToken);

    public Task<IReadOnlyList<ExecutionCount>> CountExecutionsAsync(string? queue, string? taskKey, CancellationToken cancellationToken) =>
        _executions.CountExecutionsAsync(queue, taskKey, cancellationToken);

    public Task<CancelOutcome> CancelExecutionAsync(Guid id, string reason, CancellationToken cancellationToken) =>
        _executions.CancelExecutionAsync(id, reason, cancellationToken);

    public Task RetryExecutionAsync(Guid id, CancellationToken cancellationToken) => _executions.RetryExecutionAsync(id, cancellationToken);

    public Task<IReadOnlyList<HeldHorizon>> GetHeldHorizonAsync(TimeSpan olderThan, CancellationToken cancellationToken) =>
        _executions.GetHeldHorizonAsync(olderThan, cancellationToken);

    public Task<IReadOnlyList<StepEffect>> SaveStepsAsync(Guid orchestratorId, IReadOnlyList<StepSave> steps, CancellationToken cancellationToken) =>
        _steps.SaveStepsAsync(orchestratorId, steps, cancellationToken);

    public Task SaveStepInTransactionAsync(Guid orchestratorId, Func<NpgsqlTransaction, CancellationToken, Task<StepSave>> work, CancellationToken cancellationToken) =>
        _steps.SaveStepInTransactionAsync(orchestratorId, work, cancellationToken);

    public Task<IReadOnlyList<StoredStep>> LoadStepsAsync(Guid executionId, CancellationToken cancellationToken) => _steps.LoadStepsAsync(executionId, cancellationToken);

    public Task<IReadOnlyList<StepInfo>> ListStepsAsync(Guid executionId, CancellationToken cancellationToken) => _steps.ListStepsAsync(executionId, cancellationToken);

    public Task<InvokeOutcome> InvokeAsync(Invocation invocation, DedupePolicy policy, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        _invocations.InvokeAsync(invocation, policy, transaction, cancellationToken);

    public Task<IReadOnlyList<InvokeOutcome>> InvokeManyAsync(IReadOnlyList<Invocation> invocations, DedupePolicy policy, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        _invocations.InvokeManyAsync(invocations, policy, transaction, cancellationToken);

    public Task<Claim> InvokeAndClaimAsync(Guid orchestratorId, string workerQueue, Invocation invocation, CancellationToken cancellationToken) =>
        _invocations.InvokeAndClaimAsync(orchestratorId, workerQueue, invocation, cancellationToken);

    public Task RegisterOrchestratorAsync(Guid id, string name, string version, int schemaVersion, CancellationToken cancellationToken) =>
        _orchestrators.RegisterOrchestratorAsync(id, name, version, schemaVersion, cancellationToken);

    public Task RegisterWorkerAsync(Guid id, string queue, IReadOnlyCollection<TaskDefinition> tasks, CancellationToken cancellationToken) =>
        _orchestrators.RegisterWorkerAsync(id, queue, tasks, cancellationToken);

    public Task<HeartbeatReply> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellationToken) => _orchestrators.HeartbeatAsync(request, cancellationToken);

    public Task<RecoveryReport> RecoverAsync(TimeSpan takeover, CancellationToken cancellationToken) => _orchestrators.RecoverAsync(takeover, cancellationToken);

    public Task<int> ShutdownAsync(Guid id, CancellationToken cancellationToken) => _orchestrators.ShutdownAsync(id, cancellationToken);

    public Task<bool> SignalShutdownAsync(Guid id, string reason, CancellationToken cancellationToken) => _orchestrators.SignalShutdownAsync(id, reason, cancellationToken);

    public Task<IReadOnlyList<OrchestratorInfo>> ListOrchestratorsAsync(CancellationToken cancellationToken) => _orchestrators.ListOrchestratorsAsync(cancellationToken);

    public Task<IAsyncDisposable> ListenAsync(Guid orchestratorId, IReadOnlyCollection<string> queues, Action<string?> onHint, CancellationToken cancellationToken) =>
        _orchestrators.ListenAsync(orchestratorId, queues, onHint, cancellationToken);

    public Task<bool> SetIdleAsync(string queue, bool idle, CancellationToken cancellationToken) => _orchestrators.SetIdleAsync(queue, idle, cancellationToken);

    public Task<bool> CreateQueueAsync(string name, bool partitioned, CancellationToken cancellationToken) => _queues.CreateQueueAsync(name, partitioned, cancellationToken);

    public Task<bool> DropQueueAsync(string name, bool force, CancellationToken cancellationToken) => _queues.DropQueueAsync(name, force, cancellationToken);

    public Task PauseQueueAsync(string name, CancellationToken cancellationToken) => _queues.PauseQueueAsync(name, cancellationToken);

    public Task ResumeQueueAsync(string name, CancellationToken cancellationToken) => _queues.ResumeQueueAsync(name, cancellationToken);

    public Task<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken) => _queues.ListQueuesAsync(cancellationToken);

    public Task<IReadOnlyList<QueueDepth>> GetQueueDepthsAsync(IReadOnlyCollection<string> queues, CancellationToken cancellationToken) => _queues.GetQueueDepthsAsync(queues, cancellationToken);

    public Task<IReadOnlyList<QueueLag>> GetQueueLagAsync(IReadOnlyCollection<string>? queues, CancellationToken cancellationToken) =>
        _queues.GetQueueLagAsync(queues, cancellationToken);

    public Task<IReadOnlyList<TaskInfo>> ListTasksAsync(CancellationToken cancellationToken) => _queues.ListTasksAsync(cancellationToken);

    public Task SetWindowsAsync(string taskKey, IReadOnlyCollection<string> windows, string? timeZone, CancellationToken cancellationToken) =>
        _queues.SetWindowsAsync(taskKey, windows, timeZone, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _invocations.Dispose();
        _control.Dispose();
        await _claims.DisposeAsync().ConfigureAwait(false);
        await _outcomes.DisposeAsync().ConfigureAwait(false);
        await _sessions.DisposeAsync().ConfigureAwait(false);
    }
}
