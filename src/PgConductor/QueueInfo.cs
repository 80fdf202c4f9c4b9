namespace PgConductor;

/// <summary>A queue as it was when it was read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Paused">Whether claims are stopped.</param>
/// <param name="Partitioned">Whether its executions have a partition of their own.</param>
/// <param name="Ready">Executions that are due.</param>
/// <param name="Scheduled">Executions that are due later.</param>
/// <param name="Running">Executions that are claimed.</param>
/// <param name="OldestDue">How long the oldest ready execution has been due; null when none is.</param>
/// <param name="Workers">Processes that serve it.</param>
public sealed record QueueInfo(string Name, bool Paused, bool Partitioned, long Ready, long Scheduled, long Running, TimeSpan? OldestDue, long Workers);

/// <summary>How far a queue lags behind.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Due">How long the oldest execution that could be claimed has been due; what is paused or outside its window does not count.</param>
public sealed record QueueLag(string Queue, TimeSpan Due);

/// <summary>A task as the database knows it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Queue">The queue of its executions unless an invoke names another.</param>
/// <param name="Paused">Whether claims are stopped.</param>
/// <param name="MaxAttempts">Starts before an execution is dead-lettered.</param>
/// <param name="KeepCompleted">How long completed executions are kept.</param>
/// <param name="KeepFailed">How long failed and cancelled executions are kept.</param>
/// <param name="KeepLogs">How long log lines of its executions are kept.</param>
/// <param name="Windows">When it may run, as <see cref="ExecutionWindow.Parse"/> reads them; empty: always.</param>
/// <param name="TimeZone">The windows' time zone.</param>
/// <param name="IsOpen">Whether one of them is open.</param>
/// <param name="ChangesAt">When they open next, or close; null: never.</param>
/// <param name="Workers">Workers that serve it.</param>
/// <param name="BatchSize">How many executions its handler gets at once at most; null: they run one by one.</param>
public sealed record TaskInfo(string Key, string Queue, bool Paused, int MaxAttempts, Retention KeepCompleted, Retention KeepFailed, Retention KeepLogs, IReadOnlyList<string> Windows, string TimeZone, bool IsOpen, DateTimeOffset? ChangesAt, long Workers, int? BatchSize);

/// <summary>A process that runs executions.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">The library's version.</param>
/// <param name="SchemaVersion">The schema version it knows.</param>
/// <param name="StartedAt">When it registered.</param>
/// <param name="Silent">How long ago it was heard of last.</param>
/// <param name="Draining">Whether it is stopping.</param>
/// <param name="Queues">What it serves.</param>
/// <param name="Leases">Claimed batches it holds.</param>
/// <param name="Running">Executions in them without an outcome.</param>
public sealed record OrchestratorInfo(Guid Id, string Name, string Version, int SchemaVersion, DateTimeOffset StartedAt, TimeSpan Silent, bool Draining, IReadOnlyList<string> Queues, long Leases, long Running);

/// <summary>How many executions of a task are in one state.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="TaskKey">The task.</param>
/// <param name="State">The state.</param>
/// <param name="Count">How many.</param>
public sealed record ExecutionCount(string Queue, string TaskKey, ExecutionState State, long Count);

/// <summary>The transaction that keeps deleted rows from being cleaned up.</summary>
/// <param name="ProcessId">The server process: pg_terminate_backend ends it.</param>
/// <param name="Age">How long it has been open.</param>
/// <param name="State">What it is doing ("idle in transaction" is the usual culprit).</param>
/// <param name="ApplicationName">Whose it is.</param>
/// <param name="UserName">The database user.</param>
/// <param name="Query">The start of its last statement.</param>
public sealed record HeldHorizon(int ProcessId, TimeSpan Age, string? State, string? ApplicationName, string? UserName, string? Query);
