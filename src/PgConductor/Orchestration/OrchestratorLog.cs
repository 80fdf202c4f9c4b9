using Microsoft.Extensions.Logging;

namespace PgConductor.Orchestration;

/// <summary>What orchestrators log. Ids 1100 to 1199; names and ids are a contract.</summary>
internal static partial class OrchestratorLog
{
    [LoggerMessage(1100, LogLevel.Information, "Orchestrator {Id} ({Name}) started: schema version {SchemaVersion}, queues {Queues}")]
    public static partial void Started(ILogger logger, Guid id, string name, int schemaVersion, string queues);

    [LoggerMessage(1101, LogLevel.Information, "Orchestrator {Id} is stopping: {Reason}")]
    public static partial void Stopping(ILogger logger, Guid id, string reason);

    [LoggerMessage(1102, LogLevel.Information, "Orchestrator {Id} stopped")]
    public static partial void Stopped(ILogger logger, Guid id);

    [LoggerMessage(1103, LogLevel.Warning, "Orchestrator {Id} stopped with {Leases} leases left: handlers did not return in time; others take them over after the takeover time")]
    public static partial void StoppedWithLeases(ILogger logger, Guid id, int leases);

    [LoggerMessage(1104, LogLevel.Warning, "A heartbeat failed; the last that arrived was {Silence} ago, and others take over after {Takeover}")]
    public static partial void HeartbeatFailed(ILogger logger, TimeSpan silence, TimeSpan takeover, Exception exception);

    [LoggerMessage(1105, LogLevel.Error, "Orchestrator {Id} was taken over: it was silent for longer than {Takeover}. What it runs is cancelled, and it registers anew")]
    public static partial void Fenced(ILogger logger, Guid id, TimeSpan takeover);

    [LoggerMessage(1106, LogLevel.Warning, "Took over from {Orchestrators} orchestrators that stopped answering: {Rescued} executions put back, {DeadLettered} dead-lettered")]
    public static partial void Recovered(ILogger logger, int orchestrators, int rescued, int deadLettered);

    [LoggerMessage(1107, LogLevel.Information, "Cancelling execution {ExecutionId}: {Reason}")]
    public static partial void Cancelling(ILogger logger, Guid? executionId, string reason);

    [LoggerMessage(1108, LogLevel.Warning, "Listening is not possible; polling only")]
    public static partial void ListenFailed(ILogger logger, Exception exception);

    [LoggerMessage(1109, LogLevel.Warning, "Housekeeping of the history failed; it is tried again in {Pause}")]
    public static partial void MaintenanceFailed(ILogger logger, TimeSpan pause, Exception exception);

    [LoggerMessage(1110, LogLevel.Warning, "Received {OsSignal} once more: stopping now")]
    public static partial void ForcedStop(ILogger logger, string osSignal);

    [LoggerMessage(1111, LogLevel.Warning, "A transaction has been open for {Age} ({State}, application {ApplicationName}, pid {ProcessId}): deleted rows cannot be cleaned up until it ends")]
    public static partial void HeldHorizon(ILogger logger, TimeSpan age, string? state, string? applicationName, int processId);

    [LoggerMessage(1112, LogLevel.Error, "Registering anew failed; trying again")]
    public static partial void RegistrationFailed(ILogger logger, Exception exception);

    [LoggerMessage(1113, LogLevel.Error, "The database was migrated to a version that orchestrator {Id} cannot work with: it stops, and others do its work")]
    public static partial void Outdated(ILogger logger, Guid id, Exception exception);

    [LoggerMessage(1120, LogLevel.Information, "Service {Service} has {Subscriptions} subscriptions to events: {Created} new, {Changed} changed, {Removed} removed")]
    public static partial void Subscribed(ILogger logger, string service, int subscriptions, int created, int changed, int removed);

    [LoggerMessage(1121, LogLevel.Warning, "The event {Source} could not start task {TaskKey} or wake who waits for it: {Reason} (failure {Failure})")]
    public static partial void EventFailed(ILogger logger, string source, string? taskKey, string reason, long failure);

    [LoggerMessage(1122, LogLevel.Warning, "Looking for failures of events failed; trying again")]
    public static partial void EventFailuresUnread(ILogger logger, Exception exception);
}
