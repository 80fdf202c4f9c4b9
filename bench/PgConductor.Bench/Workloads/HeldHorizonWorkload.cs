using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>
/// Work flows while another transaction is left open, so that no dead row can be cleaned up: first at a steady rate, then at
/// full speed. The limit is full speed before that transaction.
/// </summary>
internal sealed class HeldHorizonWorkload : Workload
{
    public override string Name => "held-horizon";

    /// <summary>How many there are is a matter of speed; <see cref="BenchOptions.Seconds"/> bounds it.</summary>
    public override int DefaultCount => Flow.MaxExecutions;

    public override int DefaultRepeat => 1;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var held = TimeSpan.FromSeconds(run.Options.Seconds);
        var slice = TimeSpan.FromSeconds(Math.Max(1, run.Options.Seconds / 20));
        await using var flow = await Flow.StartAsync(run, conductor, cancellationToken);
        await run.Database.SettleAsync(cancellationToken);
        var free = await flow.FullSpeedAsync("free", held / 4, held / 4, cancellationToken);
        List<FlowSlice> slices = [.. free];
        await using (var holder = await HorizonHolder.OpenAsync(run.Database, run.Options.Holder, cancellationToken))
        {
            slices.AddRange(await flow.SteadyAsync("steady", held / 2, slice, run.Options.Rate, cancellationToken));
            slices.AddRange(await flow.FullSpeedAsync("full", held / 2, slice, cancellationToken));
        }

        var full = slices.Where(part => part.Phase == "full").ToList();
        var perSecond = full.Average(part => part.PerSecond);
        return new Sample
        {
            PerSecond = perSecond,
            Limit = free[0].PerSecond,
            Ratio = perSecond / free[0].PerSecond,
            LatenciesMs = flow.LatenciesMs,
            Verified = await flow.FinishAsync(cancellationToken),
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["holder"] = run.Options.Holder,
                ["seconds"] = run.Options.Seconds,
                ["steadyRate"] = run.Options.Rate,
                ["jobs"] = flow.Enqueued,
                ["lastToFirst"] = Math.Round(full[^1].PerSecond / full[0].PerSecond, 3),
                ["deadRows"] = full[^1].DeadRows,
                ["slices"] = slices,
            },
        };
    }
}
