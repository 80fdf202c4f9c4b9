using System.Diagnostics;
using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>A million executions through one process: whether it slows down or grows. The limit is the first tenth's rate, the ratio the last tenth's to it.</summary>
internal sealed class MillionWorkload : Workload
{
    private const int Parts = 10;

    public override string Name => "million";

    public override int DefaultCount => 1_000_000;

    public override int DefaultRepeat => 1;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        await run.EnqueueAsync(conductor, 0, run.Count, null, cancellationToken);
        await run.Database.SettleAsync(cancellationToken);
        var ledger = new Ledger(run.Count);
        var part = Math.Max(run.Count / Parts, 1);
        var parts = run.Count / part;
        var ends = new double[parts];
        var memory = new (long Heap, long WorkingSet)[parts];
        var clock = new Stopwatch();
        await using var orchestrator = run.NewOrchestrator(conductor, work =>
        {
            var seen = ledger.Ran(work.N);
            if (seen % part == 0 && seen / part <= parts)
            {
                ends[(seen / part) - 1] = clock.Elapsed.TotalSeconds;
                memory[(seen / part) - 1] = (GC.GetGCMemoryInfo().HeapSizeBytes, Environment.WorkingSet);
            }

            return Task.CompletedTask;
        });
        clock.Start();
        await orchestrator.StartAsync(cancellationToken);
        await ledger.All.WaitAsync(cancellationToken);
        await orchestrator.StopAsync(cancellationToken);
        var seconds = clock.Elapsed.TotalSeconds;
        double[] rates = [.. ends.Select((end, i) => part / (end - (i == 0 ? 0 : ends[i - 1])))];
        return new Sample
        {
            PerSecond = run.Count / seconds,
            Limit = rates[0],
            Ratio = rates[^1] / rates[0],
            Verified = await run.VerifyAsync(conductor, ledger, cancellationToken),
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["perSecondOfEachTenth"] = rates.Select(rate => Math.Round(rate)).ToArray(),
                ["heapMbAfterEachTenth"] = memory.Select(m => m.Heap / 1_000_000).ToArray(),
                ["workingSetMbAfterEachTenth"] = memory.Select(m => m.WorkingSet / 1_000_000).ToArray(),
            },
        };
    }
}
