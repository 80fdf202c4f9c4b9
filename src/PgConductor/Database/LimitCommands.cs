using System.Text.Json;

namespace PgConductor.Database;

/// <summary>Limits: their settings as a registration says them, what they have now, and whether they are right.</summary>
internal sealed class LimitCommands(Calls calls) : ILimitStore
{
    public Task<IReadOnlyList<LimitInfo>> ListLimitsAsync(string? taskKey, int limit, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select task_key, scope, key, running, held, most, rate_count, rate_seconds, burst, tokens, waiting, opens_in from pgconductor.list_limits($1, $2)",
            parameters =>
            {
                parameters.AddText(taskKey);
                parameters.AddInteger(limit);
            },
            Calls.Rows(static reader => new LimitInfo(
                reader.GetString(0),
                reader.GetString(1) switch { "task" => LimitScope.Task, "key" => LimitScope.Key, _ => LimitScope.NoKey },
                Calls.Nullable<string>(reader, 2),
                reader.GetInt32(3),
                reader.GetInt32(4),
                reader.IsDBNull(5) ? null : reader.GetInt32(5),
                reader.IsDBNull(6) ? null : new RateLimit(reader.GetInt32(6), TimeSpan.FromSeconds(reader.GetDouble(7))) { Burst = reader.GetInt32(8) },
                reader.IsDBNull(9) ? null : reader.GetDouble(9),
                reader.GetInt64(10),
                reader.IsDBNull(11) ? null : TimeSpan.FromSeconds(reader.GetDouble(11)))),
            cancellationToken);

    public Task<IReadOnlyList<WrongLimit>> CheckLimitsAsync(CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select task_key, key, running, actual from pgconductor.check_limits()",
            static _ => { },
            Calls.Rows(static reader => new WrongLimit(reader.GetString(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3))),
            cancellationToken);

    /// <summary>The settings as register_worker reads them.</summary>
    public static void Write(Utf8JsonWriter writer, TaskLimits limits)
    {
        writer.WriteStartObject("limits");
        if (limits.Concurrency is { } concurrency)
        {
            writer.WriteNumber("concurrency", concurrency);
        }

        if (limits.Rate is { } rate)
        {
            Write(writer, "rate", rate);
        }

        if (limits.Key is { } key)
        {
            writer.WriteString("key", key);
        }

        if (limits.ConcurrencyPerKey is { } concurrencyPerKey)
        {
            writer.WriteNumber("concurrency_per_key", concurrencyPerKey);
        }

        if (limits.RatePerKey is { } ratePerKey)
        {
            Write(writer, "rate_per_key", ratePerKey);
        }

        writer.WriteBoolean("fair", limits.Fair);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, RateLimit rate)
    {
        writer.WriteStartObject(name);
        writer.WriteNumber("count", rate.Count);
        writer.WriteNumber("seconds", rate.Period.TotalSeconds);
        if (rate.Burst is { } burst)
        {
            writer.WriteNumber("burst", burst);
        }

        writer.WriteEndObject();
    }
}
