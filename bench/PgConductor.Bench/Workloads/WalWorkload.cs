using System.Globalization;
using Npgsql;
using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>How many bytes of write-ahead log one execution costs, from being enqueued to being deleted; enqueued together and one by one.</summary>
/// <remarks>A checkpoint comes first, so pages that are written whole after it (full_page_writes) are part of the figure, as they are in production.</remarks>
internal sealed class WalWorkload : Workload
{
    /// <summary>The limit of one execution, in bytes, for payloads of 100 bytes.</summary>
    private const double Limit = 900;

    public override string Name => "wal";

    public override int DefaultCount => 100_000;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        await run.Database.SettleAsync(cancellationToken);
        var start = await PositionAsync(run, cancellationToken);
        await run.EnqueueAsync(conductor, 0, run.Count, null, cancellationToken);
        var enqueued = await PositionAsync(run, cancellationToken);
        var together = await run.VerifyByDrainingAsync(conductor, run.Count, cancellationToken);
        var drained = await PositionAsync(run, cancellationToken);

        await run.Database.SettleAsync(cancellationToken);
        var singles = await PositionAsync(run, cancellationToken);
        await EnqueueOneWorkload.InvokeAsync(run, conductor, static (_, _) => { }, cancellationToken);
        var invoked = await PositionAsync(run, cancellationToken);
        var oneByOne = await run.VerifyByDrainingAsync(conductor, run.Count, cancellationToken);
        var done = await PositionAsync(run, cancellationToken);

        var each = (drained - start) / run.Count;
        return new Sample
        {
            Limit = Limit,
            Ratio = (double)(each / (decimal)Limit),
            Verified = together && oneByOne,
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["bytesEach"] = Math.Round(each),
                ["bytesToEnqueueTogether"] = Math.Round((enqueued - start) / run.Count),
                ["bytesToClaimAndComplete"] = Math.Round((drained - enqueued) / run.Count),
                ["bytesEachInvokedOneByOne"] = Math.Round((done - singles) / run.Count),
                ["bytesToInvokeOneByOne"] = Math.Round((invoked - singles) / run.Count),
            },
        };
    }

    private static async Task<decimal> PositionAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = run.Database.DataSource.CreateCommand("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
        return Convert.ToDecimal(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
    }
}
