using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using PgConductor.Bench.Server;

namespace PgConductor.Bench.Limits;

/// <summary>How fast clients can take rows out of a queue table: delete … returning, 500 at a time, each client its own part, no locks, no bookkeeping.</summary>
internal static class DeleteLimit
{
    private const int Batch = 500;

    private const string Sql =
        $"""
        delete from {LimitTable.Name} where ctid = any (array(
            select ctid from {LimitTable.Name}
            where queue = 'default' and lane = '' and priority = 0 and run_at >= $1 and run_at < $2
            order by run_at limit $3))
        returning id, task_key, attempts, run_at, created_at, payload
        """;

    /// <returns>Rows a second.</returns>
    public static async Task<double> MeasureAsync(BenchDatabase database, int rows, int clients, int payloadBytes, CancellationToken cancellationToken)
    {
        await LimitTable.CreateAsync(database, rows, payloadBytes, cancellationToken);
        await database.SettleAsync(cancellationToken);
        var (first, step) = await RangeAsync(database, clients, cancellationToken);
        using var start = new SemaphoreSlim(0);
        var ready = new CountdownEvent(clients);
        var workers = Enumerable.Range(0, clients)
            .Select(i => Task.Run(() => RunAsync(database, first + (i * step), i == clients - 1 ? DateTime.MaxValue : first + ((i + 1) * step), ready, start, cancellationToken), cancellationToken))
            .ToArray();
        await Task.Run(() => ready.Wait(cancellationToken), cancellationToken);
        var clock = Stopwatch.StartNew();
        start.Release(clients);
        var deleted = (await Task.WhenAll(workers)).Sum();
        ready.Dispose();
        return deleted == rows ? rows / clock.Elapsed.TotalSeconds : throw new BenchException($"the delete limit took {deleted} of {rows} rows: the bench is wrong.");
    }

    private static async Task<(DateTime First, TimeSpan Step)> RangeAsync(BenchDatabase database, int clients, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand($"select min(run_at), max(run_at) from {LimitTable.Name}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var first = reader.GetDateTime(0);
        return (first, (reader.GetDateTime(1) - first) / clients);
    }

    private static async Task<int> RunAsync(BenchDatabase database, DateTime from, DateTime to, CountdownEvent ready, SemaphoreSlim start, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = from, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = to == DateTime.MaxValue ? from.AddDays(1) : to, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = 0 });
        await command.PrepareAsync(cancellationToken);
        await command.ExecuteNonQueryAsync(cancellationToken);
        ((NpgsqlParameter<int>)command.Parameters[2]).TypedValue = Batch;
        ready.Signal();
        await start.WaitAsync(cancellationToken);
        var deleted = 0;
        while (true)
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var count = 0;
            while (await reader.ReadAsync(cancellationToken))
            {
                _ = reader.GetGuid(0);
                _ = reader.GetFieldValue<byte[]>(5);
                count++;
                var last = reader.GetDateTime(3);
                if (last > ((NpgsqlParameter<DateTime>)command.Parameters[0]).TypedValue)
                {
                    // Where the next one starts: what is gone already is not walked again.
                    ((NpgsqlParameter<DateTime>)command.Parameters[0]).TypedValue = last;
                }
            }

            if (count == 0)
            {
                return deleted;
            }

            deleted += count;
        }
    }
}
