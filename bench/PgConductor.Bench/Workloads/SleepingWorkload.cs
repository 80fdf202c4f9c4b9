using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>A claim of ten ready executions among a million that sleep: its time, and how many rows it touched. The limit is the same claim with none asleep.</summary>
/// <remarks>Uses the public SQL functions, as a worker in another language would, because a claim is what is timed.</remarks>
internal sealed class SleepingWorkload : Workload
{
    private const int Ready = 10;
    private const int Claims = 200;

    public override string Name => "sleeping";

    public override int DefaultCount => 1_000_000;

    public override int DefaultWarmUp => 0;

    public override int DefaultRepeat => 1;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var claims = Math.Min(Claims, run.Count);
        await using var connection = await run.Database.DataSource.OpenConnectionAsync(cancellationToken);
        var orchestrator = Guid.CreateVersion7();
        await RegisterAsync(connection, orchestrator, run.Task.Key, cancellationToken);
        var (empty, _, emptyExact) = await ClaimAsync(run, conductor, connection, orchestrator, claims, cancellationToken);
        await run.EnqueueAsync(conductor, 0, run.Count, new InvokeOptions { RunAt = DateTimeOffset.UtcNow.AddDays(1) }, cancellationToken);
        await run.Database.SettleAsync(cancellationToken);
        var (asleep, rows, asleepExact) = await ClaimAsync(run, conductor, connection, orchestrator, claims, cancellationToken);
        var counts = await conductor.CountAsync(cancellationToken: cancellationToken);
        var sleepers = counts.Where(count => count.State == ExecutionState.Scheduled).Sum(count => count.Count);
        var others = counts.Where(count => count.State is not (ExecutionState.Scheduled or ExecutionState.Completed)).Sum(count => count.Count);
        var limit = Statistics.Percentile(empty, 0.5);
        return new Sample
        {
            LatenciesMs = asleep,
            Limit = limit,
            Ratio = Statistics.Percentile(asleep, 0.5) / limit,
            Verified = emptyExact && asleepExact && sleepers == run.Count && others == 0,
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["readyPerClaim"] = Ready,
                ["claims"] = claims,
                ["rowsTouchedPerClaim"] = Statistics.Median(rows.Select(count => (double?)count)),
                ["rowsTouchedAtMost"] = rows.Max(),
            },
        };
    }

    private static async Task RegisterAsync(NpgsqlConnection connection, Guid orchestrator, string task, CancellationToken cancellationToken)
    {
        await using var register = new NpgsqlCommand("select pgconductor.register_orchestrator($1, 'bench', '1', 1)", connection);
        register.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = orchestrator });
        await register.ExecuteNonQueryAsync(cancellationToken);
        await using var worker = new NpgsqlCommand("select pgconductor.register_worker($1, 'default', jsonb_build_array(jsonb_build_object('key', $2, 'keep_completed_seconds', 0)))", connection);
        worker.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = orchestrator });
        worker.Parameters.Add(new NpgsqlParameter<string> { TypedValue = task });
        await worker.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<(List<double> Milliseconds, List<long> Rows, bool Exact)> ClaimAsync(BenchRun run, Conductor conductor, NpgsqlConnection connection, Guid orchestrator, int claims, CancellationToken cancellationToken)
    {
        await using var claim = new NpgsqlCommand("select lease_id, id from pgconductor.claim_executions($1, 'default', 500)", connection);
        claim.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = orchestrator });
        await claim.PrepareAsync(cancellationToken);
        await using var touched = new NpgsqlCommand("select (coalesce(sum(seq_tup_read), 0) + coalesce(sum(idx_tup_fetch), 0))::bigint from pg_stat_xact_user_tables where schemaname = 'pgconductor' and relname like 'executions%'", connection);
        await using var done = new NpgsqlCommand("select effect from pgconductor.return_executions($1, $2)", connection);
        done.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = orchestrator });
        done.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        var times = new List<double>(claims);
        var rows = new List<long>(claims);
        var seen = new HashSet<Guid>();
        for (var i = 0; i < claims; i++)
        {
            await run.EnqueueAsync(conductor, i * Ready, Ready, null, cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

            // Counted by session until it reports them, not by transaction.
            var before = (long)(await touched.ExecuteScalarAsync(cancellationToken))!;
            var start = Stopwatch.GetTimestamp();
            long lease = 0;
            await using (var reader = await claim.ExecuteReaderAsync(cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    lease = reader.GetInt64(0);
                    seen.Add(reader.GetGuid(1));
                }
            }

            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            rows.Add((long)(await touched.ExecuteScalarAsync(cancellationToken))! - before);
            done.Parameters[1].Value = new[] { lease };
            await done.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return (times, rows, seen.Count == claims * Ready);
    }
}
