using Microsoft.Extensions.Logging;

namespace PgConductor.Workers;

/// <summary>What batches log. Ids 1650 to 1699; names and ids are a contract.</summary>
internal static partial class BatchLog
{
    [LoggerMessage(1650, LogLevel.Warning, "A batch of {Size} executions of task {TaskKey} failed; {Left} of them had no outcome yet and have failed with it")]
    public static partial void BatchFailed(ILogger logger, string taskKey, int size, int left, Exception exception);

    [LoggerMessage(1651, LogLevel.Error, "A batch of task {TaskKey} did its work, but its services could not be disposed of")]
    public static partial void DisposeFailed(ILogger logger, string taskKey, Exception exception);

    [LoggerMessage(1652, LogLevel.Error, "A callback on the cancellation token of a batch of task {TaskKey} threw")]
    public static partial void CancellationCallbackFailed(ILogger logger, string taskKey, Exception exception);

    [LoggerMessage(1653, LogLevel.Error, "A batch of task {TaskKey} could not be run to its end by the worker; the attempts that have no outcome yet count as failed")]
    public static partial void RunnerFailed(ILogger logger, string taskKey, Exception exception);
}
