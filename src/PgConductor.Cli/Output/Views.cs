using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace PgConductor.Cli.Output;

/// <summary>What --json shows of an execution; the names are a contract (docs/reference/cli.md).</summary>
internal record ExecutionView(
    Guid Id, string Task, string Queue, ExecutionState State, int Priority, int Attempts, int? MaxAttempts, DateTimeOffset? RunAt,
    DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, Guid? OrchestratorId, string? DedupeKey, string? Reason)
{
    public static ExecutionView From(ExecutionInfo info) => new(
        info.Id, info.TaskKey, info.Queue, info.State, info.Priority, info.Attempts, info.MaxAttempts, info.RunAt,
        info.CreatedAt, info.StartedAt, info.FinishedAt, info.OrchestratorId, info.DedupeKey, info.Reason);
}

/// <summary>One execution with what it took and gave.</summary>
internal sealed record ExecutionDetail : ExecutionView
{
    public ExecutionDetail(ExecutionInfo info, IReadOnlyList<StepInfo> steps)
        : base(From(info))
    {
        (ParentId, Payload, Result, Errors) = (info.ParentId, info.Payload, info.Result, info.Errors);
        Steps = steps.Count == 0 ? null : [.. steps.Select(StepView.From)];
    }

    public Guid? ParentId { get; }

    public JsonElement? Payload { get; }

    public JsonElement? Result { get; }

    public JsonElement? Errors { get; }

    public IReadOnlyList<StepView>? Steps { get; }
}

internal sealed record StepView(
    string Name, string Kind, StepState State, Guid? ChildId, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, DateTimeOffset? Deadline, JsonElement? Result)
{
    public static StepView From(StepInfo step) => new(step.Name, step.Kind, step.State, step.ChildId, step.StartedAt, step.FinishedAt, step.Deadline, step.Result);
}

internal sealed record LogLineView(DateTimeOffset LoggedAt, int Attempt, string Level, string Category, string Message, string? Exception)
{
    public static LogLineView From(ExecutionLogEntry entry) => new(entry.LoggedAt, entry.Attempt, Name(entry.Level), entry.Category, entry.Message, entry.Exception);

    public static string Name(LogLevel level) => level.ToString().ToLowerInvariant();
}

internal sealed record CountView(string Queue, string Task, ExecutionState State, long Count);

internal sealed record QueueView(string Name, bool Paused, bool Partitioned, long Ready, long Scheduled, long Running, double? OldestDueSeconds, long Workers)
{
    public static QueueView From(QueueInfo queue) =>
        new(queue.Name, queue.Paused, queue.Partitioned, queue.Ready, queue.Scheduled, queue.Running, queue.OldestDue?.TotalSeconds, queue.Workers);
}

internal sealed record TaskView(
    string Key, string Queue, bool Paused, int MaxAttempts, string KeepCompleted, string KeepFailed, string KeepLogs, IReadOnlyList<string> Windows, string TimeZone, bool Open, DateTimeOffset? ChangesAt, long Workers, int? BatchSize)
{
    public static TaskView From(TaskInfo task) => new(
        task.Key, task.Queue, task.Paused, task.MaxAttempts, Text.Of(task.KeepCompleted), Text.Of(task.KeepFailed), Text.Of(task.KeepLogs), task.Windows, task.TimeZone, task.IsOpen, task.ChangesAt, task.Workers, task.BatchSize);
}

internal sealed record OrchestratorView(
    Guid Id, string Name, string Version, int SchemaVersion, DateTimeOffset StartedAt, double SilentSeconds, bool Draining, IReadOnlyList<string> Queues, long Leases, long Running)
{
    public static OrchestratorView From(OrchestratorInfo info) => new(
        info.Id, info.Name, info.Version, info.SchemaVersion, info.StartedAt, info.Silent.TotalSeconds, info.Draining, info.Queues, info.Leases, info.Running);
}

/// <summary>Values as people read them.</summary>
internal static class Text
{
    public static string Of(DateTimeOffset? time) => time?.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    public static string Of(Retention retention) =>
        retention == Retention.None ? "none" : retention == Retention.Forever ? "forever" : Config.Duration.Format(TimeSpan.FromSeconds(retention.Seconds));

    public static string Of(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    public static string YesNo(bool value) => value ? "yes" : "no";

    public static string Age(TimeSpan? age) => age is { } time ? Config.Duration.Format(TimeSpan.FromSeconds(Math.Round(time.TotalSeconds, 1))) : "";
}
