using System.Diagnostics;
using PgConductor.Bench.Limits;
using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>How fast clients enqueue one at a time, nobody working; beside it, prepared inserts of such rows by as many clients.</summary>
internal sealed class EnqueueOneWorkload : Workload
{
    public override string Name => "enqueue-one";

    public override int DefaultCount => 20_000;

    public override int DefaultWarmUp => 2000;

    public override bool OneByOne => true;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var before = await InsertLimit.MeasureAsync(run.Database, run.Count, run.Options.Clients, run.Options.PayloadBytes, cancellationToken);
        var latencies = new double[run.Count];
        await run.Database.SettleAsync(cancellationToken);
        var clock = Stopwatch.StartNew();
        await InvokeAsync(run, conductor, (i, start) => latencies[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds, cancellationToken);
        var perSecond = run.Count / clock.Elapsed.TotalSeconds;
        var after = await InsertLimit.MeasureAsync(run.Database, run.Count, run.Options.Clients, run.Options.PayloadBytes, cancellationToken);
        var limit = (before + after) / 2;
        return new Sample
        {
            PerSecond = perSecond,
            LatenciesMs = latencies,
            Limit = limit,
            Ratio = perSecond / limit,
            Verified = await run.VerifyByDrainingAsync(conductor, run.Count, cancellationToken),
        };
    }

    /// <summary>Invokes each number once, from as many clients as the options say.</summary>
    public static async Task InvokeAsync(BenchRun run, Conductor conductor, Action<int, long> onInvoked, CancellationToken cancellationToken, Action<int, long>? onStart = null, int? count = null)
    {
        var total = count ?? run.Count;
        var next = -1;
        var task = run.Task;
        await Task.WhenAll(Enumerable.Range(0, run.Options.Clients).Select(_ => Task.Run(
            async () =>
            {
                for (var i = Interlocked.Increment(ref next); i < total; i = Interlocked.Increment(ref next))
                {
                    var start = Stopwatch.GetTimestamp();
                    onStart?.Invoke(i, start);
                    await conductor.InvokeAsync(task, Work.Of(i, run.Options.PayloadBytes), cancellationToken: cancellationToken);
                    onInvoked(i, start);
                }
            },
            cancellationToken)));
    }
}
