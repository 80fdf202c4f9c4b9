using Microsoft.Extensions.Logging;

namespace PgConductor.Cli.Tasks;

/// <summary>Log messages of command tasks.</summary>
internal static partial class TaskLog
{
    [LoggerMessage(1620, LogLevel.Information, "{Line}")]
    public static partial void ErrorLine(ILogger logger, string line);
}
