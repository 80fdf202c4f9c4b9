using System.Data;
using Npgsql;
using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>Drain while another transaction holds the horizon, so that no dead row can be cleaned up; the limit is the same drain without it.</summary>
internal sealed class HeldHorizonWorkload : DrainWorkload
{
    public override string Name => "held-horizon";

    public override int DefaultRepeat => 1;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var (free, freeVerified, _) = await DrainAsync(run, conductor, cancellationToken);
        await using var connection = await run.Database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using var command = new NpgsqlCommand("select count(*) from pgconductor.tasks", connection, transaction);
        await command.ExecuteScalarAsync(cancellationToken);
        var (held, heldVerified, details) = await DrainAsync(run, conductor, cancellationToken);
        return new Sample { PerSecond = held, Limit = free, Ratio = held / free, Verified = freeVerified && heldVerified, Details = details };
    }
}
