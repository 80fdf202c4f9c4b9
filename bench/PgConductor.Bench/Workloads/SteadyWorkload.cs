using System.Diagnostics;
using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>Clients that enqueue one at a time and a worker whose handlers take 1 ms, all at once: completed a second, and enqueue to start.</summary>
internal sealed class SteadyWorkload : Workload
{
    public override string Name => "steady";

    public override int DefaultCount => 30_000;

    /// <summary>As long as it takes the runtime to compile all of it for good: a process is a third slower until then.</summary>
    public override int DefaultWarmUp => 40_000;

    public override bool OneByOne => true;

    /// <summary>Enough slots that a timer's millisecond is not what is measured.</summary>
    public override int? DefaultConcurrency => 50;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var ledger = new Ledger(run.Count);
        var enqueued = new long[run.Count];
        var latencies = new double[run.Count];
        await using var orchestrator = run.NewOrchestrator(conductor, work => HandleAsync(work.N));
        await orchestrator.StartAsync(cancellationToken);
        await run.Database.SettleAsync(cancellationToken);
        var clock = Stopwatch.StartNew();
        await EnqueueOneWorkload.InvokeAsync(run, conductor, static (_, _) => { }, cancellationToken, (i, start) => Volatile.Write(ref enqueued[i], start));
        var enqueuedAfter = clock.Elapsed.TotalSeconds;
        await ledger.All.WaitAsync(cancellationToken);
        var completedAfter = clock.Elapsed.TotalSeconds;
        await orchestrator.StopAsync(cancellationToken);
        return new Sample
        {
            PerSecond = run.Count / completedAfter,
            LatenciesMs = latencies,
            Verified = await run.VerifyAsync(conductor, ledger, cancellationToken),
            Details = new Dictionary<string, object?>(StringComparer.Ordinal) { ["enqueuedPerSecond"] = Math.Round(run.Count / enqueuedAfter) },
        };

        async Task HandleAsync(int number)
        {
            latencies[number] = Stopwatch.GetElapsedTime(Volatile.Read(ref enqueued[number])).TotalMilliseconds;
            await Task.Delay(1, CancellationToken.None);
            ledger.Ran(number);
        }
    }
}
