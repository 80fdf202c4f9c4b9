using Microsoft.Extensions.Logging;

namespace PgConductor.Workers;

/// <summary>What workers log. Ids 1200 to 1299; names and ids are a contract.</summary>
internal static partial class WorkerLog
{
    [LoggerMessage(1200, LogLevel.Information, "Worker of queue {Queue} started: {Tasks} tasks, concurrency {Concurrency}")]
    public static partial void Started(ILogger logger, string queue, int tasks, int concurrency);

    [LoggerMessage(1201, LogLevel.Information, "Worker of queue {Queue} stopped; {Left} executions were still running")]
    public static partial void Stopped(ILogger logger, string queue, int left);

    [LoggerMessage(1202, LogLevel.Warning, "A claim from queue {Queue} failed; trying again")]
    public static partial void ClaimFailed(ILogger logger, string queue, Exception exception);

    [LoggerMessage(1203, LogLevel.Warning, "Recording {Unsent} outcomes of queue {Queue} failed; trying again")]
    public static partial void FlushFailed(ILogger logger, string queue, int unsent, Exception exception);

    [LoggerMessage(1204, LogLevel.Error, "The outcome of position {Position} of lease {Lease} in queue {Queue} was refused by the database; it is recorded as a failure")]
    public static partial void OutcomeRefused(ILogger logger, string queue, long lease, int position, Exception exception);

    [LoggerMessage(1205, LogLevel.Warning, "Lease {Lease} of queue {Queue} was taken over by another process: its late results are rejected and what still runs is cancelled")]
    public static partial void LeaseLost(ILogger logger, string queue, long lease);

    [LoggerMessage(1206, LogLevel.Information, "Handed {Count} executions of queue {Queue} back: they waited here for too long")]
    public static partial void HandedBack(ILogger logger, string queue, int count);

    [LoggerMessage(1210, LogLevel.Warning, "Execution {ExecutionId} of task {TaskKey} failed in attempt {Attempt}")]
    public static partial void ExecutionFailed(ILogger logger, Guid executionId, string taskKey, int attempt, Exception exception);

    [LoggerMessage(1211, LogLevel.Information, "Execution {ExecutionId} of task {TaskKey} was cancelled in attempt {Attempt}: {Reason}")]
    public static partial void ExecutionCancelled(ILogger logger, Guid executionId, string taskKey, int attempt, string? reason);

    [LoggerMessage(1212, LogLevel.Error, "Execution {ExecutionId} of task {TaskKey} did its work, but its services could not be disposed of")]
    public static partial void DisposeFailed(ILogger logger, Guid executionId, string taskKey, Exception exception);

    [LoggerMessage(1213, LogLevel.Error, "Execution {ExecutionId} is of task {TaskKey}, which this process does not run: it is handed back")]
    public static partial void UnknownTask(ILogger logger, Guid executionId, string taskKey);

    [LoggerMessage(1214, LogLevel.Error, "A callback on the cancellation token of execution {ExecutionId} of task {TaskKey} threw")]
    public static partial void CancellationCallbackFailed(ILogger logger, Guid executionId, string taskKey, Exception exception);

    [LoggerMessage(1215, LogLevel.Error, "Execution {ExecutionId} of task {TaskKey} could not be run to its end by the worker; the attempt counts as failed")]
    public static partial void RunnerFailed(ILogger logger, Guid executionId, string taskKey, Exception exception);

    [LoggerMessage(1216, LogLevel.Error, "The outcome of position {Position} of lease {Lease} in queue {Queue} cannot be recorded at all; it is left to the takeover after this process's end")]
    public static partial void OutcomeAbandoned(ILogger logger, string queue, long lease, int position, Exception exception);

    [LoggerMessage(1208, LogLevel.Warning, "This process may not claim what it enqueues in one call; it enqueues first and claims then, which takes longer. Grant execute on pgconductor.invoke_and_claim to its role (sql/permissions.sql); if there is no such function, run pgconductor migrate")]
    public static partial void DirectStartRefused(ILogger logger, Exception exception);

    [LoggerMessage(1207, LogLevel.Warning, "A look for what came late to queue {Queue} failed; trying again")]
    public static partial void LookFailed(ILogger logger, string queue, Exception exception);
}
