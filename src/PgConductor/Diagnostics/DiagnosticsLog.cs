using Microsoft.Extensions.Logging;

namespace PgConductor.Diagnostics;

/// <summary>What keeping log lines logs, and nobody keeps. Ids 1800 to 1899; names and ids are a contract.</summary>
internal static partial class DiagnosticsLog
{
    [LoggerMessage(1800, LogLevel.Warning, "Storing {Count} log lines of executions failed; trying again, and dropping what has no room meanwhile")]
    public static partial void LogsDelayed(ILogger logger, int count, Exception exception);

    [LoggerMessage(1801, LogLevel.Warning, "{Count} log lines of executions were dropped: the database refused them")]
    public static partial void LogsRefused(ILogger logger, int count, Exception exception);
}
