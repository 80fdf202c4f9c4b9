using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using PgConductor.Bench.Server;
using PgConductor.Bench.Workloads;

namespace PgConductor.Bench.Limits;

/// <summary>How fast clients can add single rows, each in a durable transaction: a prepared insert through Npgsql.</summary>
internal static class InsertLimit
{
    private const string Sql = $"insert into {LimitTable.Name} (id, run_at, created_at, queue, lane, task_key, payload) values ($1, $2, $3, $4, $5, $6, $7)";

    /// <returns>Rows a second.</returns>
    public static async Task<double> MeasureAsync(BenchDatabase database, int rows, int clients, int payloadBytes, CancellationToken cancellationToken)
    {
        await LimitTable.CreateAsync(database, 0, payloadBytes, cancellationToken);
        await RunAsync(database, Math.Min(rows, clients * 50), clients, payloadBytes, cancellationToken);
        await database.SettleAsync(cancellationToken);
        return rows / await RunAsync(database, rows, clients, payloadBytes, cancellationToken);
    }

    private static async Task<double> RunAsync(BenchDatabase database, int rows, int clients, int payloadBytes, CancellationToken cancellationToken)
    {
        var next = -1;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(
            async () =>
            {
                await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
                await using var command = new NpgsqlCommand(Sql, connection);
                var id = new NpgsqlParameter<Guid>();
                var runAt = new NpgsqlParameter<DateTime> { NpgsqlDbType = NpgsqlDbType.TimestampTz };
                var createdAt = new NpgsqlParameter<DateTime> { NpgsqlDbType = NpgsqlDbType.TimestampTz };
                var payload = new NpgsqlParameter<byte[]> { NpgsqlDbType = NpgsqlDbType.Jsonb };
                command.Parameters.AddRange((NpgsqlParameter[])[id, runAt, createdAt, new NpgsqlParameter<string> { TypedValue = "default" }, new NpgsqlParameter<string> { TypedValue = "" }, new NpgsqlParameter<string> { TypedValue = "bench" }, payload]);
                await command.PrepareAsync(cancellationToken);
                for (var i = Interlocked.Increment(ref next); i < rows; i = Interlocked.Increment(ref next))
                {
                    id.TypedValue = Guid.CreateVersion7();
                    runAt.TypedValue = createdAt.TypedValue = DateTime.UtcNow;
                    payload.TypedValue = Work.Json(i, payloadBytes);
                    await command.ExecuteNonQueryAsync(cancellationToken);
                }
            },
            cancellationToken)));
        return clock.Elapsed.TotalSeconds;
    }
}
