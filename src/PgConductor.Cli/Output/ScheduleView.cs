using System.Text.Json;
using PgConductor.Schedules;

namespace PgConductor.Cli.Output;

/// <summary>What --json shows of a schedule; the names are a contract (docs/reference/cli.md).</summary>
internal sealed record ScheduleView(
    string Key, string? Service, string Task, string? Queue, string Cron, string TimeZone, int Priority, MissedRuns Missed, double ToleranceSeconds, int CatchUp, bool Overlap, bool Paused,
    DateTimeOffset? NextRunAt, DateTimeOffset? LastRunAt, string? Fault, JsonElement? Payload, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static ScheduleView From(ScheduleInfo schedule) => new(
        schedule.Key, schedule.Service, schedule.TaskKey, schedule.Options.Queue, schedule.Cron, schedule.Options.TimeZone, schedule.Options.Priority, schedule.Options.Missed,
        schedule.Options.Tolerance.TotalSeconds, schedule.Options.CatchUp, schedule.Options.Overlap, schedule.Paused, schedule.NextRunAt, schedule.LastRunAt, schedule.Fault, schedule.Payload, schedule.CreatedAt, schedule.UpdatedAt);
}
