using Microsoft.Extensions.Logging;

namespace PgConductor.Cli.Tasks;

/// <summary>What command tasks log. Ids 1900 to 1919.</summary>
internal static partial class TaskLog
{
    [LoggerMessage(1900, LogLevel.Information, "{Line}")]
    public static partial void ErrorLine(ILogger logger, string line);
}
