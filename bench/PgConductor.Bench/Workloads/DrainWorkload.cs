using System.Diagnostics;
using PgConductor.Bench.Limits;
using PgConductor.Bench.Measures;
using PgConductor.Bench.Server;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>How fast one process empties a queue of no-op executions; beside it, how fast two clients can delete such rows.</summary>
internal sealed class DrainWorkload : Workload
{
    public override string Name => "drain";

    public override int DefaultCount => 200_000;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var before = await DeleteLimit.MeasureAsync(run.Database, run.Count, 2, run.Options.PayloadBytes, cancellationToken);
        var (perSecond, verified, details) = await DrainAsync(run, conductor, cancellationToken);
        var after = await DeleteLimit.MeasureAsync(run.Database, run.Count, 2, run.Options.PayloadBytes, cancellationToken);
        var limit = (before + after) / 2;
        return new Sample { PerSecond = perSecond, Limit = limit, Ratio = perSecond / limit, Verified = verified, Details = details };
    }

    /// <summary>From the start of the orchestrator until its stop has recorded the last outcome.</summary>
    private static async Task<(double PerSecond, bool Verified, Dictionary<string, object?> Details)> DrainAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        await run.EnqueueAsync(conductor, 0, run.Count, null, cancellationToken);
        await run.Database.SettleAsync(cancellationToken);
        var ledger = new Ledger(run.Count);
        await using var orchestrator = run.NewOrchestrator(conductor, ledger);
        var server = await ServerProcessor.FindAsync(run.Database.DataSource, cancellationToken);
        var serverUsed = ServerProcessor.Used(server);
        var allocated = GC.GetTotalAllocatedBytes();
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        await orchestrator.StartAsync(cancellationToken);
        await ledger.All.WaitAsync(cancellationToken);
        await orchestrator.StopAsync(cancellationToken);
        var seconds = clock.Elapsed.TotalSeconds;
        serverUsed = ServerProcessor.Used(server) - serverUsed;
        var details = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["allocatedBytesEach"] = (GC.GetTotalAllocatedBytes() - allocated) / run.Count,
            ["clientProcessorMicrosecondsEach"] = Math.Round((Process.GetCurrentProcess().TotalProcessorTime - processor).TotalMicroseconds / run.Count, 2),
            ["serverProcessorMicrosecondsEach"] = serverUsed is { } used ? Math.Round(used.TotalMicroseconds / run.Count, 2) : null,
        };
        return (run.Count / seconds, await run.VerifyAsync(conductor, ledger, cancellationToken), details);
    }
}
