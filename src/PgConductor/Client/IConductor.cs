using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace PgConductor.Client;

/// <summary>The client: enqueues, queries and steers executions.</summary>
/// <remarks>
/// Thread-safe; make one a process. Calls retry transient database errors for
/// <see cref="ConductorOptions.RetryTimeout"/>, except inside a caller's transaction. Every call throws
/// <see cref="ConductorException"/> when the database refuses or cannot be reached.
/// </remarks>
public partial interface IConductor
{
    /// <summary>Enqueues one execution.</summary>
    /// <param name="task">The task.</param>
    /// <param name="payload">Serialised to JSON.</param>
    /// <param name="options">How; null: now, with the task's settings.</param>
    /// <param name="transaction">Enqueues in this transaction, on its connection: the execution exists if and only if it commits.</param>
    /// <param name="cancellationToken">Ends the call; the execution may exist all the same.</param>
    /// <returns>A handle; its <see cref="ExecutionHandle.Disposition"/> says whether the execution is new, or which one stands for it.</returns>
    /// <exception cref="ConductorException">Codes invalid-payload, invalid-argument, unknown-queue, dedupe-conflict and the database's.</exception>
    Task<ExecutionHandle<TResult>> InvokeAsync<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, TPayload payload, InvokeOptions? options = null, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default);

    /// <summary>Enqueues one execution of a task known only by its key.</summary>
    /// <inheritdoc cref="InvokeAsync{TPayload, TResult}"/>
    Task<ExecutionHandle<JsonElement>> InvokeAsync(string taskKey, JsonElement payload, InvokeOptions? options = null, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default);

    /// <summary>Enqueues many executions of one task, all or none; they keep the order given.</summary>
    /// <param name="task">The task.</param>
    /// <param name="payloads">One execution each.</param>
    /// <param name="options">Applied to all; <see cref="InvokeOptions.Id"/>, <see cref="InvokeOptions.DedupeKey"/>, <see cref="InvokeOptions.Throttle"/> and <see cref="InvokeOptions.Debounce"/> must be null.</param>
    /// <param name="transaction">As for one.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The ids, in the order given.</returns>
    Task<IReadOnlyList<Guid>> InvokeManyAsync<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, IEnumerable<TPayload> payloads, InvokeOptions? options = null, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default);

    /// <summary>Enqueues many executions, each with options of its own, all or none.</summary>
    /// <param name="items">The executions.</param>
    /// <param name="dedupePolicy">Applied to items with a dedupe key, which are decided in order, as throttled and debounced ones are.</param>
    /// <param name="transaction">As for one.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>What became of each, in the order given.</returns>
    Task<IReadOnlyList<InvokeOutcome>> InvokeManyAsync(IReadOnlyList<InvokeItem> items, DedupePolicy dedupePolicy = DedupePolicy.ReturnExisting, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default);

    /// <summary>A handle of an execution made elsewhere.</summary>
    ExecutionHandle<TResult> GetHandle<TResult>(Guid id);

    /// <summary>Reads one execution.</summary>
    /// <returns>Null when there is none, or its retention is over.</returns>
    Task<ExecutionInfo?> GetAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Reads an execution's steps, in the order in which they were asked for.</summary>
    /// <returns>Empty when it has none: a completed execution's steps are gone.</returns>
    Task<IReadOnlyList<StepInfo>> GetStepsAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Reads what an execution logged, oldest first, as far as its task keeps it (<see cref="TaskOptions.KeepLogs"/>).</summary>
    /// <param name="id">Which.</param>
    /// <param name="minLevel">Only lines of at least this level.</param>
    /// <param name="limit">The newest so many; 1 to 10000.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Empty when nothing was kept. What was logged in the last moment (<see cref="ExecutionLogOptions.FlushInterval"/>) may be missing yet.</returns>
    /// <exception cref="ConductorException">Code invalid-argument: <paramref name="limit"/> is out of range.</exception>
    Task<IReadOnlyList<ExecutionLogEntry>> GetLogsAsync(Guid id, LogLevel minLevel = LogLevel.Trace, int limit = 1000, CancellationToken cancellationToken = default);

    /// <summary>Lists executions, newest first, without payloads.</summary>
    /// <param name="query">What to list; null: the newest 50.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<IReadOnlyList<ExecutionInfo>> ListAsync(ExecutionQuery? query = null, CancellationToken cancellationToken = default);

    /// <summary>Counts executions by queue, task and state; reads them all: seconds on tens of millions.</summary>
    Task<IReadOnlyList<ExecutionCount>> CountAsync(string? queue = null, string? taskKey = null, CancellationToken cancellationToken = default);

    /// <summary>Cancels an execution; one that runs is told at once and is never retried.</summary>
    /// <param name="id">Which.</param>
    /// <param name="reason">Kept with it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<CancelOutcome> CancelAsync(Guid id, string reason = "cancelled", CancellationToken cancellationToken = default);

    /// <summary>Puts a failed or cancelled execution back to work, with all its attempts again.</summary>
    /// <exception cref="ConductorException">Codes not-found and dedupe-conflict.</exception>
    Task RetryAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Creates a queue unless it exists.</summary>
    /// <param name="name">1 to 200 bytes, no control characters.</param>
    /// <param name="partitioned">With a partition of its own, for a hot queue.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>False when it existed.</returns>
    Task<bool> CreateQueueAsync(string name, bool partitioned = false, CancellationToken cancellationToken = default);

    /// <summary>Drops a queue that nothing uses.</summary>
    /// <param name="name">Which.</param>
    /// <param name="force">Cancels the executions that wait in it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>False when there is none.</returns>
    /// <exception cref="ConductorException">Codes queue-in-use and queue-fixed.</exception>
    Task<bool> DropQueueAsync(string name, bool force = false, CancellationToken cancellationToken = default);

    /// <summary>Stops claims from a queue in all processes; what runs goes on.</summary>
    Task PauseQueueAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Lets claims from a queue go on.</summary>
    Task ResumeQueueAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Lists the queues with their depth.</summary>
    Task<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken = default);

    /// <summary>Says of each queue how long its oldest claimable execution has been due; queues where nothing is due are left out.</summary>
    /// <param name="queues">Which queues; null: all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <remarks>Cheap whatever the depth: made for health checks.</remarks>
    Task<IReadOnlyList<QueueLag>> GetQueueLagAsync(IReadOnlyCollection<string>? queues = null, CancellationToken cancellationToken = default);

    /// <summary>Lists the tasks.</summary>
    Task<IReadOnlyList<TaskInfo>> ListTasksAsync(CancellationToken cancellationToken = default);

    /// <summary>Says when a task may run, until a process starts whose code says otherwise.</summary>
    /// <param name="taskKey">Which task.</param>
    /// <param name="windows">All its windows; empty: always.</param>
    /// <param name="timeZone">Their time zone, such as "Europe/Berlin"; null: as it is.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <remarks>Counts from the next claim on; what runs goes on to its next step. Survives restarts of processes whose <see cref="TaskOptions.Windows"/> is null.</remarks>
    /// <exception cref="ConductorException">Code not-found: the database knows no such task. Code invalid-argument: more than 100 windows, or an unknown zone.</exception>
    Task SetWindowsAsync(string taskKey, IReadOnlyCollection<ExecutionWindow> windows, string? timeZone = null, CancellationToken cancellationToken = default);

    /// <summary>Lists the processes that run executions.</summary>
    Task<IReadOnlyList<OrchestratorInfo>> ListOrchestratorsAsync(CancellationToken cancellationToken = default);

    /// <summary>Asks a process to drain and stop.</summary>
    /// <returns>False when there is none of this id.</returns>
    Task<bool> StopOrchestratorAsync(Guid id, string reason = "asked to stop", CancellationToken cancellationToken = default);

    /// <summary>Installs or upgrades the schema; safe from many processes at once.</summary>
    /// <returns>The version installed.</returns>
    Task<int> MigrateAsync(CancellationToken cancellationToken = default);

    /// <summary>What stands behind the connection: the server and the installed schema. Works before the schema is installed.</summary>
    Task<DatabaseInfo> GetDatabaseInfoAsync(CancellationToken cancellationToken = default);

    /// <summary>Reads the server settings that matter to PgConductor, by name, and <c>connections_in_use</c>.</summary>
    /// <exception cref="ConductorException">Code schema: the schema is not installed.</exception>
    Task<IReadOnlyDictionary<string, string>> GetServerSettingsAsync(CancellationToken cancellationToken = default);

    /// <summary>Says how the history's partitions stand: whether they are made ahead and dropped behind.</summary>
    Task<IReadOnlyList<MaintenanceStatus>> GetMaintenanceStatusAsync(CancellationToken cancellationToken = default);

    /// <summary>Transactions that keep deleted rows from being cleaned up, oldest first.</summary>
    Task<IReadOnlyList<HeldHorizon>> GetHeldHorizonAsync(TimeSpan olderThan, CancellationToken cancellationToken = default);
}
