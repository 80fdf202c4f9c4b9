using Microsoft.Extensions.Logging;

namespace PgConductor.Steps;

/// <summary>What steps log. Ids 1400 to 1499; names and ids are a contract.</summary>
internal static partial class StepsLog
{
    [LoggerMessage(1400, LogLevel.Warning, "Storing {Count} steps failed; trying again")]
    public static partial void SaveFailed(ILogger logger, int count, Exception exception);

    [LoggerMessage(1401, LogLevel.Warning, "Step {Step} of execution {ExecutionId} was rejected: the execution is no longer this process's, and its handler is cancelled")]
    public static partial void Rejected(ILogger logger, string step, Guid executionId);
}
