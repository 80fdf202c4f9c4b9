using System.Globalization;
using PgConductor.Bench.Server;

namespace PgConductor.Bench.Workloads.Growth;

/// <summary>Completed executions of another task, which lie in the history: written straight into its table, a hundred bytes of payload each, to expire within the next day.</summary>
internal sealed class GrowthHistory(BenchDatabase database, int payloadBytes)
{
    public const string TaskKey = "growth-history";

    private const int Chunk = 1_000_000;

    /// <summary>What the measured executions wrote that was removed with the rest.</summary>
    public long Forgotten { get; private set; }

    /// <summary>Sees to it that there are so many, within a tenth: what is measured adds to them.</summary>
    public async Task EnsureAsync(int rows, CancellationToken cancellationToken)
    {
        var (mine, all) = await CountAsync(cancellationToken);
        if (mine == rows && all - mine <= rows / 10)
        {
            return;
        }

        Forgotten += all - mine;
        await database.ExecuteAsync("truncate pgconductor.completed_executions", cancellationToken);

        // The partitions of the days ahead.
        await database.ExecuteAsync("select pgconductor.maintain()", cancellationToken);
        for (var done = 0; done < rows; done += Chunk)
        {
            var last = Math.Min(done + Chunk, rows);
            await database.ExecuteAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    insert into pgconductor.completed_executions (id, expires_at, created_at, started_at, finished_at, priority, attempts, queue, task_key, payload)
                    select pgconductor.uuid_v7(), now() + interval '1 hour' + interval '23 hours' * n / {rows}, now(), now(), now(), 0, 1, 'default', '{TaskKey}',
                        jsonb_build_object('n', n, 'fill', repeat('x', {payloadBytes - 20}))
                    from generate_series({done + 1}, {last}) n
                    """),
                cancellationToken);
        }
    }

    private async Task<(long Mine, long All)> CountAsync(CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand($"select count(*) filter (where task_key = '{TaskKey}'), count(*) from pgconductor.completed_executions");
        command.CommandTimeout = 600;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }
}
