using System.Diagnostics;
using PgConductor.Bench.Limits;
using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>How fast one client enqueues in chunks of 1,000 and of 10,000, the faster is reported; beside it, one COPY of such rows.</summary>
internal sealed class EnqueueManyWorkload : Workload
{
    private static readonly int[] _chunks = [1000, 10_000];

    public override string Name => "enqueue-many";

    public override int DefaultCount => 200_000;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var limits = new List<double?> { await CopyLimit.MeasureAsync(run.Database, run.Count, run.Options.PayloadBytes, cancellationToken) };
        var rates = new Dictionary<int, double>();
        var verified = true;
        foreach (var chunk in _chunks)
        {
            await run.Database.SettleAsync(cancellationToken);
            var clock = Stopwatch.StartNew();
            await run.EnqueueAsync(conductor, 0, run.Count, null, cancellationToken, chunk);
            rates[chunk] = run.Count / clock.Elapsed.TotalSeconds;
            verified &= await run.VerifyByDrainingAsync(conductor, run.Count, cancellationToken);
            limits.Add(await CopyLimit.MeasureAsync(run.Database, run.Count, run.Options.PayloadBytes, cancellationToken));
        }

        var best = rates.MaxBy(rate => rate.Value);
        var limit = Statistics.Median(limits)!.Value;
        return new Sample
        {
            PerSecond = best.Value,
            Limit = limit,
            Ratio = best.Value / limit,
            Verified = verified,
            Details = rates.ToDictionary(rate => $"perSecondInChunksOf{rate.Key}", rate => (object?)Math.Round(rate.Value), StringComparer.Ordinal),
        };
    }
}
