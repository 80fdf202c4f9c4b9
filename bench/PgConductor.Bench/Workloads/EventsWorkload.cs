using System.Diagnostics;
using PgConductor.Bench.Limits;
using PgConductor.Bench.Measures;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace PgConductor.Bench.Workloads;

/// <summary>How fast clients emit events that start one task each, one at a time, nobody working, beside 1,000 subscriptions to other keys; the limit is that of enqueue-one.</summary>
internal sealed class EventsWorkload : Workload
{
    private const string Key = "bench.happened";
    private const int Others = 1000;

    public override string Name => "events";

    public override int DefaultCount => 20_000;

    public override int DefaultWarmUp => 2000;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        await SubscribeAsync(run, conductor, 0, cancellationToken);
        var before = await InsertLimit.MeasureAsync(run.Database, run.Count, run.Options.Clients, run.Options.PayloadBytes, cancellationToken);
        var (alone, aloneVerified) = await EmitAsync(run, conductor, null, cancellationToken);
        await SubscribeAsync(run, conductor, Others, cancellationToken);
        var latencies = new double[run.Count];
        var (perSecond, verified) = await EmitAsync(run, conductor, latencies, cancellationToken);
        var after = await InsertLimit.MeasureAsync(run.Database, run.Count, run.Options.Clients, run.Options.PayloadBytes, cancellationToken);
        var limit = (before + after) / 2;
        return new Sample
        {
            PerSecond = perSecond,
            LatenciesMs = latencies,
            Limit = limit,
            Ratio = perSecond / limit,
            Verified = aloneVerified && verified,
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["otherSubscriptions"] = Others,
                ["perSecondWithoutOthers"] = Math.Round(alone),
                ["ratioToWithoutOthers"] = Math.Round(perSecond / alone, 3),
            },
        };
    }

    /// <summary>The subscriptions stay when the process that declares them has stopped.</summary>
    private static async Task SubscribeAsync(BenchRun run, Conductor conductor, int others, CancellationToken cancellationToken)
    {
        var tasks = new TaskCollection().Add(run.Task, static (_, _) => Task.CompletedTask).Subscribe(run.Task, EventSubscription.To(Key));
        for (var i = 0; i < others; i++)
        {
            tasks.Subscribe(run.Task, EventSubscription.To($"other-{i}"));
        }

        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions { Service = "bench" });
        await orchestrator.StartAsync(cancellationToken);
        await orchestrator.StopAsync(cancellationToken);
    }

    private static async Task<(double PerSecond, bool Verified)> EmitAsync(BenchRun run, Conductor conductor, double[]? latencies, CancellationToken cancellationToken)
    {
        var next = -1;
        await run.Database.SettleAsync(cancellationToken);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, run.Options.Clients).Select(_ => Task.Run(
            async () =>
            {
                for (var i = Interlocked.Increment(ref next); i < run.Count; i = Interlocked.Increment(ref next))
                {
                    var start = Stopwatch.GetTimestamp();
                    await conductor.EmitAsync(Key, Work.Of(i, run.Options.PayloadBytes), cancellationToken: cancellationToken);
                    if (latencies is not null)
                    {
                        latencies[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                    }
                }
            },
            cancellationToken)));
        return (run.Count / clock.Elapsed.TotalSeconds, await run.VerifyByDrainingAsync(conductor, run.Count, cancellationToken));
    }
}
