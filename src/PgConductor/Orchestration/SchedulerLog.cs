using Microsoft.Extensions.Logging;

namespace PgConductor.Orchestration;

/// <summary>What the scheduler logs. Ids 1300 to 1399; names and ids are a contract.</summary>
internal static partial class SchedulerLog
{
    [LoggerMessage(1300, LogLevel.Information, "Service {Service} declares {Schedules} schedules: {Created} made, {Changed} changed, {Removed} removed")]
    public static partial void Declared(ILogger logger, string service, int schedules, int created, int changed, int removed);

    [LoggerMessage(1301, LogLevel.Error, "Schedule {Schedule} cannot be read here; it is left to other processes, and tried again in {Pause}")]
    public static partial void Unreadable(ILogger logger, string schedule, TimeSpan pause, Exception exception);

    [LoggerMessage(1302, LogLevel.Error, "The runs of schedule {Schedule} cannot be enqueued; it is tried again in a minute: {Fault}")]
    public static partial void NotEnqueued(ILogger logger, string schedule, string fault);

    [LoggerMessage(1303, LogLevel.Warning, "Schedule {Schedule} missed runs after {LastTick} that are not made up for: {Runs} are enqueued now")]
    public static partial void Missed(ILogger logger, string schedule, DateTimeOffset lastTick, int runs);

    [LoggerMessage(1304, LogLevel.Warning, "Looking at the schedules failed; trying again in {Pause}")]
    public static partial void Failed(ILogger logger, TimeSpan pause, Exception exception);

    [LoggerMessage(1305, LogLevel.Information, "Schedule {Schedule}: {LeftOut}")]
    public static partial void LeftOut(ILogger logger, string schedule, string leftOut);
}
