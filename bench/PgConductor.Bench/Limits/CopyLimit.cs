using System.Diagnostics;
using NpgsqlTypes;
using PgConductor.Bench.Server;
using PgConductor.Bench.Workloads;

namespace PgConductor.Bench.Limits;

/// <summary>How fast one client can fill a queue table: one binary COPY through Npgsql.</summary>
internal static class CopyLimit
{
    /// <returns>Rows a second.</returns>
    public static async Task<double> MeasureAsync(BenchDatabase database, int rows, int payloadBytes, CancellationToken cancellationToken)
    {
        await LimitTable.CreateAsync(database, 0, payloadBytes, cancellationToken);
        await CopyAsync(database, Math.Min(rows, 1000), payloadBytes, cancellationToken);
        await database.SettleAsync(cancellationToken);
        var clock = Stopwatch.StartNew();
        await CopyAsync(database, rows, payloadBytes, cancellationToken);
        return rows / clock.Elapsed.TotalSeconds;
    }

    private static async Task CopyAsync(BenchDatabase database, int rows, int payloadBytes, CancellationToken cancellationToken)
    {
        var now = DateTime.UtcNow;
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var import = await connection.BeginBinaryImportAsync($"copy {LimitTable.Name} (id, run_at, created_at, queue, lane, task_key, payload) from stdin (format binary)", cancellationToken);
        for (var i = 0; i < rows; i++)
        {
            await import.StartRowAsync(cancellationToken);
            await import.WriteAsync(Guid.CreateVersion7(), NpgsqlDbType.Uuid, cancellationToken);
            await import.WriteAsync(now.AddMicroseconds(i), NpgsqlDbType.TimestampTz, cancellationToken);
            await import.WriteAsync(now, NpgsqlDbType.TimestampTz, cancellationToken);
            await import.WriteAsync("default", NpgsqlDbType.Text, cancellationToken);
            await import.WriteAsync("", NpgsqlDbType.Text, cancellationToken);
            await import.WriteAsync("bench", NpgsqlDbType.Text, cancellationToken);
            await import.WriteAsync(Work.Json(i, payloadBytes), NpgsqlDbType.Jsonb, cancellationToken);
        }

        await import.CompleteAsync(cancellationToken);
    }
}
