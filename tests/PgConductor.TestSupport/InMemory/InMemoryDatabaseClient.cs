using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Npgsql;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Schema;

namespace PgConductor.TestSupport.InMemory;

/// <summary>Stands in for the database in unit tests: the same outcomes and errors as the SQL functions, which the conformance suite proves.</summary>
/// <remarks>Thread-safe. One a process; several may share one <see cref="InMemoryDatabase"/>. Faults are injected through <see cref="Faults"/>.</remarks>
internal sealed partial class InMemoryDatabaseClient(InMemoryDatabase database) : IDatabaseClient
{
    private readonly HashSet<string> _idle = new(StringComparer.Ordinal);

    public InMemoryDatabaseClient(TimeProvider timeProvider)
        : this(new InMemoryDatabase(timeProvider))
    {
    }

    public InMemoryDatabase Shared => database;

    public FaultPlan Faults { get; } = new();

    public bool IsDisposed { get; private set; }

    /// <summary>What <see cref="GetHeldHorizonAsync"/> answers: there are no transactions here to be held.</summary>
    public IReadOnlyList<HeldHorizon> HeldHorizon { get; set; } = [];

    public bool SupportsSessions { get; init; } = true;

    public Task<int> MigrateAsync(CancellationToken cancellationToken) => RunAsync(shared => shared.Tables.SchemaVersion, cancellationToken);

    public Task<int> GetSchemaVersionAsync(CancellationToken cancellationToken) => RunAsync(shared => shared.Tables.SchemaVersion, cancellationToken);

    public Task<DatabaseInfo> GetDatabaseInfoAsync(CancellationToken cancellationToken) =>
        RunAsync(
            shared => new DatabaseInfo(new Version(18, 0), shared.Tables.SchemaVersion, MigrationStore.Embedded.LatestVersion, shared.Tables.SchemaVersion >= MigrationStore.Embedded.LatestVersion),
            cancellationToken);

    public Task<IReadOnlyDictionary<string, string>> GetServerSettingsAsync(CancellationToken cancellationToken) =>
        RunAsync(_ => (IReadOnlyDictionary<string, string>)new Dictionary<string, string>(StringComparer.Ordinal) { ["connections_in_use"] = "1", ["max_connections"] = "100" }, cancellationToken);

    public Task<MaintenanceReport> MaintainAsync(CancellationToken cancellationToken) => RunAsync(shared => shared.Queues.Maintain(), cancellationToken);

    public Task<Claim> ClaimAsync(Guid orchestratorId, string queue, ClaimSize size, string? position, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Claims.Claim(orchestratorId, queue, size.Limit, position), cancellationToken);

    /// <summary>An execution that becomes visible only now: its transaction was open for so long.</summary>
    public Task<Guid> AddLateAsync(string queue, string taskKey, TimeSpan ago) =>
        RunAsync(
            shared =>
            {
                var at = shared.Tables.Now - ago;
                var row = new ExecutionRow { Id = Guid.CreateVersion7(), Queue = queue, TaskKey = taskKey, RunAt = at, CreatedAt = at, Payload = [(byte)'1'] };
                shared.Tables.Waiting.Add(row);
                return row.Id;
            },
            CancellationToken.None);

    public Task<LateArrivals> FindLateArrivalsAsync(Guid orchestratorId, string queue, string position, LookRange range, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Claims.FindLate(orchestratorId, queue, position, range), cancellationToken);

    public Task<Claim> ClaimTaskAsync(Guid orchestratorId, string queue, string taskKey, int limit, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Claims.ClaimTask(orchestratorId, queue, taskKey, limit), cancellationToken);

    public Task<IReadOnlyList<Settlement>> ReturnAsync(Guid orchestratorId, OutcomeBatch batch, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Settlements.Return(orchestratorId, batch), cancellationToken);

    public Task<ExecutionInfo?> GetExecutionAsync(Guid id, CancellationToken cancellationToken) => RunAsync(shared => shared.Executions.Get(id), cancellationToken);

    public Task<IReadOnlyList<ExecutionInfo>> ListExecutionsAsync(ExecutionQuery query, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Executions.List(query), cancellationToken);

    public Task<IReadOnlyList<ExecutionCount>> CountExecutionsAsync(string? queue, string? taskKey, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Executions.Count(queue, taskKey), cancellationToken);

    public Task<CancelOutcome> CancelExecutionAsync(Guid id, string reason, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Executions.Cancel(id, reason), cancellationToken);

    public Task RetryExecutionAsync(Guid id, CancellationToken cancellationToken) => RunAsync(shared => shared.Executions.Retry(id), cancellationToken);

    public Task<IReadOnlyList<HeldHorizon>> GetHeldHorizonAsync(TimeSpan olderThan, CancellationToken cancellationToken) =>
        RunAsync(_ => HeldHorizon, cancellationToken);

    public Task<IReadOnlyList<StepEffect>> SaveStepsAsync(Guid orchestratorId, IReadOnlyList<StepSave> steps, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Tables.Flows.Save(orchestratorId, steps), cancellationToken);

    /// <summary>There are no transactions here: the work is given none.</summary>
    public async Task SaveStepInTransactionAsync(Guid orchestratorId, Func<NpgsqlTransaction, CancellationToken, Task<StepSave>> work, CancellationToken cancellationToken)
    {
        var step = await work(null!, cancellationToken);
        var effects = await RunAsync(shared => shared.Tables.Flows.Save(orchestratorId, [step]), cancellationToken);
        if (effects[0] != StepEffect.Saved)
        {
            throw ServerErrors.Of("PC008", $"step \"{step.Name}\" is {effects[0]}");
        }
    }

    public Task<IReadOnlyList<StoredStep>> LoadStepsAsync(Guid executionId, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Tables.Flows.Load(executionId), cancellationToken);

    public Task<IReadOnlyList<StepInfo>> ListStepsAsync(Guid executionId, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Tables.Flows.List(executionId), cancellationToken);

    public Task EmitAsync(IReadOnlyList<Emission> events, string? traceParent, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Events.Emit(events, traceParent), cancellationToken);

    public Task<SubscriptionReport> RegisterSubscriptionsAsync(string service, IReadOnlyCollection<SubscriptionDeclaration> subscriptions, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Events.Register(service, subscriptions), cancellationToken);

    public Task<IReadOnlyList<SubscriptionInfo>> ListSubscriptionsAsync(string? service, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Events.List(service), cancellationToken);

    public Task<IReadOnlyList<EventFailure>> ListEventFailuresAsync(int limit, long? before, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Events.ListFailures(limit, before), cancellationToken);

    public Task<IReadOnlyList<UnreportedFailure>> ReportEventFailuresAsync(CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Events.Report(), cancellationToken);

    public Task<bool> ExpectEventAsync(Guid orchestratorId, long leaseId, int position, byte[] wait, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Tables.Flows.Expect(orchestratorId, leaseId, position, wait), cancellationToken);

    public Task<InvokeOutcome> InvokeAsync(Invocation invocation, DedupePolicy policy, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Invocations.Invoke(invocation, policy), cancellationToken);

    public Task<IReadOnlyList<InvokeOutcome>> InvokeManyAsync(IReadOnlyList<Invocation> invocations, DedupePolicy policy, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Invocations.InvokeMany(invocations, policy), cancellationToken);

    public Task<Claim> InvokeAndClaimAsync(Guid orchestratorId, string workerQueue, Invocation invocation, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Claims.ClaimNew(orchestratorId, workerQueue, invocation) ?? shared.Invocations.Enqueue(invocation), cancellationToken);

    public Task RegisterOrchestratorAsync(Guid id, string name, string version, int schemaVersion, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Processes.Register(id, name, version, schemaVersion), cancellationToken);

    public Task RegisterWorkerAsync(Guid id, string queue, IReadOnlyCollection<TaskDefinition> tasks, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Processes.RegisterWorker(id, queue, tasks), cancellationToken);

    public Task<HeartbeatReply> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Processes.Beat(request), cancellationToken);

    public Task<RecoveryReport> RecoverAsync(TimeSpan takeover, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Processes.Recover(takeover), cancellationToken);

    public Task<int> ShutdownAsync(Guid id, CancellationToken cancellationToken) => RunAsync(shared => shared.Processes.Shutdown(id), cancellationToken);

    public Task<bool> SignalShutdownAsync(Guid id, string reason, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Processes.SignalShutdown(id, reason), cancellationToken);

    public Task<IReadOnlyList<OrchestratorInfo>> ListOrchestratorsAsync(CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Processes.List(), cancellationToken);

    public Task<IAsyncDisposable> ListenAsync(Guid orchestratorId, IReadOnlyCollection<string> queues, Action<string?> onHint, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Listen(orchestratorId, queues, onHint), cancellationToken);

    public Task<bool> SetIdleAsync(string queue, bool idle, CancellationToken cancellationToken) =>
        RunAsync(
            shared =>
            {
                if (idle ? _idle.Add(queue) : _idle.Remove(queue))
                {
                    shared.AddIdle(queue, idle ? 1 : -1);
                }

                return true;
            },
            cancellationToken);

    public Task<bool> CreateQueueAsync(string name, bool partitioned, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Queues.Create(name, partitioned), cancellationToken);

    public Task<bool> DropQueueAsync(string name, bool force, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Queues.Drop(name, force), cancellationToken);

    public Task PauseQueueAsync(string name, CancellationToken cancellationToken) => RunAsync(shared => shared.Queues.SetPaused(name, true), cancellationToken);

    public Task ResumeQueueAsync(string name, CancellationToken cancellationToken) => RunAsync(shared => shared.Queues.SetPaused(name, false), cancellationToken);

    public Task<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken) => RunAsync(shared => shared.Queues.List(), cancellationToken);

    public Task<IReadOnlyList<QueueLag>> GetQueueLagAsync(IReadOnlyCollection<string>? queues, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Queues.Lag(queues), cancellationToken);

    public Task<IReadOnlyList<TaskInfo>> ListTasksAsync(CancellationToken cancellationToken) => RunAsync(shared => shared.Queues.ListTasks(), cancellationToken);

    public Task SetWindowsAsync(string taskKey, IReadOnlyCollection<string> windows, string? timeZone, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Queues.SetWindows(taskKey, windows, timeZone), cancellationToken);

    public Task<IReadOnlyList<QueueDepth>> GetQueueDepthsAsync(IReadOnlyCollection<string> queues, CancellationToken cancellationToken) =>
        RunAsync(shared => (IReadOnlyList<QueueDepth>)[.. shared.Queues.List().Where(queue => queues.Contains(queue.Name)).Select(queue => new QueueDepth(queue.Name, queue.Ready, queue.Scheduled, 0))], cancellationToken);

    public Task<IReadOnlyList<MaintenanceStatus>> GetMaintenanceStatusAsync(CancellationToken cancellationToken) =>
        RunAsync(_ => (IReadOnlyList<MaintenanceStatus>)[], cancellationToken);

    public Task<long> AppendLogsAsync(IReadOnlyList<LogLine> lines, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Logs.Append(lines), cancellationToken);

    public Task<IReadOnlyList<ExecutionLogEntry>> GetLogsAsync(Guid executionId, LogLevel minLevel, int limit, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Logs.Of(executionId, minLevel, limit), cancellationToken);

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return default;
    }

    private async Task<T> RunAsync<T>(Func<InMemoryDatabase, T> statement, CancellationToken cancellationToken, [CallerMemberName] string method = "")
    {
        Faults.Count(method);

        // Nothing that goes over a wire ends before it returns.
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        await Faults.ApplyAsync(method, afterwards: false, cancellationToken);
        var result = database.Run(statement);
        Faults.CountDone(method);
        await Faults.ApplyAsync(method, afterwards: true, cancellationToken);
        return result;
    }
}
