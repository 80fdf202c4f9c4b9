using Microsoft.Extensions.Logging;

namespace PgConductor.Orchestration;

/// <summary>What is logged about limits. Ids 1500 to 1599; names and ids are a contract.</summary>
internal static partial class LimitsLog
{
    [LoggerMessage(1500, LogLevel.Error, "The limit of task {TaskKey}, key {Key}, said that {Running} run, and {Actual} do: put right. This should never happen; please report it")]
    public static partial void CounterWrong(ILogger logger, string taskKey, string key, int running, int actual);
}
