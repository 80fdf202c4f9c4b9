using Microsoft.Extensions.Logging;

namespace PgConductor.Hosting;

/// <summary>What the hosting package logs. Ids 1600 to 1649; names and ids are a contract.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(1600, LogLevel.Information, "{ApplicationName} is a client only: it enqueues and runs nothing")]
    public static partial void ClientOnly(ILogger logger, string applicationName);

    [LoggerMessage(1601, LogLevel.Information, "Orchestrator {Id} was asked to stop ({Reason}): stopping the host")]
    public static partial void StopRequested(ILogger logger, Guid id, string reason);

    [LoggerMessage(1602, LogLevel.Warning, "The host's ShutdownTimeout is over: orchestrator {Id} cancels its handlers instead of waiting for them")]
    public static partial void ShutdownTimeout(ILogger logger, Guid id);
}
