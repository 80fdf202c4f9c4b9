using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using PgConductor.Schedules;

namespace PgConductor.Database;

/// <summary>Schedules: made, steered, and moved on.</summary>
internal sealed class ScheduleCommands(Calls calls) : IScheduleStore
{
    private const string ListSql =
        "select key, service, task_key, queue, cron, time_zone, payload, priority, missed, tolerance_seconds, catch_up, overlap, paused, last_tick, next_run_at, last_run_at, fault, created_at, updated_at from pgconductor.list_schedules($1)";

    private const string DueSql =
        "select looked_at, next_in, keys, revisions, task_keys, crons, time_zones, missed, tolerances, catch_ups, last_ticks from pgconductor.due_schedules($1, $2, $3)";

    public Task<ScheduleChange> ScheduleAsync(ScheduleSpec schedule, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.schedule($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            (parameters, _) =>
            {
                parameters.AddText(schedule.Key);
                parameters.AddText(schedule.TaskKey);
                parameters.AddText(schedule.Cron);
                parameters.AddJsonb(schedule.Payload);
                parameters.AddText(schedule.Options.TimeZone);
                parameters.AddText(schedule.Options.Queue);
                parameters.AddInteger(schedule.Options.Priority);
                parameters.AddText(MissedName(schedule.Options.Missed));
                parameters.AddInterval(schedule.Options.Tolerance);
                parameters.AddInteger(schedule.Options.CatchUp);
                parameters.AddBoolean(schedule.Options.Overlap);
            },
            Calls.Row(static reader => reader.GetString(0) switch
            {
                "created" => ScheduleChange.Created,
                "changed" => ScheduleChange.Changed,
                _ => ScheduleChange.Unchanged,
            }),
            transaction,
            cancellationToken);

    public Task<bool> UnscheduleAsync(string key, bool force, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.unschedule($1, $2)",
            parameters =>
            {
                parameters.AddText(key);
                parameters.AddBoolean(force);
            },
            Calls.Row(static reader => reader.GetBoolean(0)),
            cancellationToken);

    public Task PauseScheduleAsync(string key, CancellationToken cancellationToken) =>
        calls.RetryingAsync("select pgconductor.pause_schedule($1)", parameters => parameters.AddText(key), Calls.Row(static _ => true), cancellationToken);

    public Task ResumeScheduleAsync(string key, CancellationToken cancellationToken) =>
        calls.RetryingAsync("select pgconductor.resume_schedule($1)", parameters => parameters.AddText(key), Calls.Row(static _ => true), cancellationToken);

    public Task<Guid> RunScheduleAsync(string key, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7();
        return calls.RetryingAsync(
            "select pgconductor.run_schedule($1, $2, $3)",
            (parameters, repeated) =>
            {
                parameters.AddText(key);
                parameters.AddUuid(id);
                parameters.AddBoolean(repeated);
            },
            Calls.Row(static reader => reader.GetGuid(0)),
            null,
            cancellationToken);
    }

    public Task<IReadOnlyList<ScheduleInfo>> ListSchedulesAsync(string? key, CancellationToken cancellationToken) =>
        calls.RetryingAsync(ListSql, parameters => parameters.AddText(key), Calls.Rows(ReadSchedule), cancellationToken);

    public Task<DeclarationReport> DeclareSchedulesAsync(string service, IReadOnlyCollection<ScheduleSpec> schedules, CancellationToken cancellationToken)
    {
        var declared = Write(schedules);
        return calls.RetryingAsync(
            "select created, changed, removed from pgconductor.declare_schedules($1, $2)",
            parameters =>
            {
                parameters.AddText(service);
                parameters.AddJsonb(declared);
            },
            Calls.Row(static reader => new DeclarationReport(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2))),
            cancellationToken);
    }

    public Task<DueSchedules> GetDueSchedulesAsync(int limit, IReadOnlyCollection<(string Key, long Revision)> skip, CancellationToken cancellationToken) =>
        calls.OnceAsync(
            DueSql,
            parameters =>
            {
                parameters.AddInteger(limit);
                parameters.AddArray<string>([.. skip.Select(schedule => schedule.Key)], NpgsqlDbType.Text);
                parameters.AddArray<long>([.. skip.Select(schedule => schedule.Revision)], NpgsqlDbType.Bigint);
            },
            Calls.Row(ReadDue),
            cancellationToken);

    public Task<IReadOnlyList<AdvanceAnswer>> AdvanceSchedulesAsync(IReadOnlyList<ScheduleAdvance> advances, CancellationToken cancellationToken) =>
        calls.OnceAsync(
            "select item, effect, detail from pgconductor.advance_schedules($1, $2, $3, $4, $5, $6)",
            parameters =>
            {
                parameters.AddArray<string>([.. advances.Select(advance => advance.Key)], NpgsqlDbType.Text);
                parameters.AddArray<long>([.. advances.Select(advance => advance.Revision)], NpgsqlDbType.Bigint);
                parameters.AddArray<DateTime>([.. advances.Select(advance => advance.LastTick.UtcDateTime)], NpgsqlDbType.TimestampTz);
                parameters.AddArray<DateTime?>([.. advances.Select(advance => advance.NextTick?.UtcDateTime)], NpgsqlDbType.TimestampTz);
                parameters.AddArray<int>([.. advances.Select(advance => advance.Ticks.Count)], NpgsqlDbType.Integer);
                parameters.AddArray<DateTime>([.. advances.SelectMany(advance => advance.Ticks).Select(tick => tick.UtcDateTime)], NpgsqlDbType.TimestampTz);
            },
            async (reader, token) =>
            {
                var answers = new AdvanceAnswer[advances.Count];
                while (await reader.ReadAsync(token).ConfigureAwait(false))
                {
                    answers[reader.GetInt32(0) - 1] = new AdvanceAnswer(ParseEffect(reader.GetString(1)), Calls.Nullable<string>(reader, 2));
                }

                return (IReadOnlyList<AdvanceAnswer>)answers;
            },
            cancellationToken);

    public Task ReportScheduleFaultAsync(string key, long revision, string fault, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.report_schedule_fault($1, $2, $3)",
            parameters =>
            {
                parameters.AddText(key);
                parameters.AddBigint(revision);
                parameters.AddText(fault);
            },
            Calls.Row(static _ => true),
            cancellationToken);

    private static DueSchedules ReadDue(NpgsqlDataReader reader)
    {
        var keys = reader.GetFieldValue<string[]>(2);
        var revisions = reader.GetFieldValue<long[]>(3);
        var taskKeys = reader.GetFieldValue<string[]>(4);
        var crons = reader.GetFieldValue<string[]>(5);
        var zones = reader.GetFieldValue<string[]>(6);
        var missed = reader.GetFieldValue<string[]>(7);
        var tolerances = reader.GetFieldValue<double[]>(8);
        var catchUps = reader.GetFieldValue<int[]>(9);
        var lastTicks = reader.GetFieldValue<DateTime[]>(10);
        var schedules = new DueSchedule[keys.Length];
        for (var i = 0; i < schedules.Length; i++)
        {
            schedules[i] = new DueSchedule(keys[i], revisions[i], taskKeys[i], crons[i], zones[i], ParseMissed(missed[i]), TimeSpan.FromSeconds(tolerances[i]), catchUps[i], Utc(lastTicks[i]));
        }

        return new DueSchedules(Utc(reader.GetDateTime(0)), reader.IsDBNull(1) ? null : reader.GetTimeSpan(1), schedules);
    }

    private static ScheduleInfo ReadSchedule(NpgsqlDataReader reader) => new()
    {
        Key = reader.GetString(0),
        Service = Calls.Nullable<string>(reader, 1),
        TaskKey = reader.GetString(2),
        Cron = reader.GetString(4),
        Options = new ScheduleOptions
        {
            Queue = Calls.Nullable<string>(reader, 3),
            TimeZone = reader.GetString(5),
            Priority = reader.GetInt32(7),
            Missed = ParseMissed(reader.GetString(8)),
            Tolerance = TimeSpan.FromSeconds(reader.GetDouble(9)),
            CatchUp = reader.GetInt32(10),
            Overlap = reader.GetBoolean(11),
        },
        Payload = reader.IsDBNull(6) ? null : JsonElement.Parse(reader.GetString(6)),
        Paused = reader.GetBoolean(12),
        LastTick = Utc(reader.GetDateTime(13)),
        NextRunAt = reader.IsDBNull(14) ? null : Utc(reader.GetDateTime(14)),
        LastRunAt = reader.IsDBNull(15) ? null : Utc(reader.GetDateTime(15)),
        Fault = Calls.Nullable<string>(reader, 16),
        CreatedAt = Utc(reader.GetDateTime(17)),
        UpdatedAt = Utc(reader.GetDateTime(18)),
    };

    private static byte[] Write(IReadOnlyCollection<ScheduleSpec> schedules)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var schedule in schedules)
            {
                Write(writer, schedule);
            }

            writer.WriteEndArray();
        }

        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, ScheduleSpec schedule)
    {
        var options = schedule.Options;
        writer.WriteStartObject();
        writer.WriteString("key", schedule.Key);
        writer.WriteString("task_key", schedule.TaskKey);
        writer.WriteString("cron", schedule.Cron);
        writer.WritePropertyName("payload");
        writer.WriteRawValue(schedule.Payload);
        writer.WriteString("time_zone", options.TimeZone);
        writer.WriteString("queue", options.Queue);
        writer.WriteNumber("priority", options.Priority);
        writer.WriteString("missed", MissedName(options.Missed));
        writer.WriteNumber("tolerance_seconds", options.Tolerance.TotalSeconds);
        writer.WriteNumber("catch_up", options.CatchUp);
        writer.WriteBoolean("overlap", options.Overlap);
        writer.WriteEndObject();
    }

    private static DateTimeOffset Utc(DateTime time) => new(time, TimeSpan.Zero);

    private static string MissedName(MissedRuns missed) => missed switch
    {
        MissedRuns.Skip => "skip",
        MissedRuns.All => "all",
        _ => "once",
    };

    private static MissedRuns ParseMissed(string name) => name switch
    {
        "skip" => MissedRuns.Skip,
        "all" => MissedRuns.All,
        _ => MissedRuns.Once,
    };

    private static AdvanceEffect ParseEffect(string name) => name switch
    {
        "advanced" => AdvanceEffect.Advanced,
        "failed" => AdvanceEffect.Failed,
        _ => AdvanceEffect.Stale,
    };
}
