using System.Diagnostics;
using PgConductor.Bench.Limits;
using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>How long it takes from calling invoke to the start of the handler, the worker idle, one at a time; beside it, a bare NOTIFY and its answer.</summary>
/// <remarks>In turns with the process that runs the task, which is what is reported, a client that runs none invokes it: that execution is announced and claimed. In the details.</remarks>
internal sealed class LatencyWorkload : Workload
{
    private const int Unmeasured = 50;

    /// <summary>So that the worker has nothing to do when the next one comes, as far as a pause can make sure.</summary>
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(15);

    public override string Name => "latency";

    public override int DefaultCount => 300;

    public override int DefaultWarmUp => 5000;

    public override bool OneByOne => true;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var samples = run.Count + Unmeasured;
        var total = samples * 2;
        var ledger = new Ledger(total);
        var started = new TaskCompletionSource<long>[total];
        for (var i = 0; i < total; i++)
        {
            started[i] = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await using var orchestrator = run.NewOrchestrator(conductor, work =>
        {
            var now = Stopwatch.GetTimestamp();
            ledger.Ran(work.N);
            started[work.N].TrySetResult(now);
            return Task.CompletedTask;
        });
        await orchestrator.StartAsync(cancellationToken);
        await using var other = await run.NewConductorAsync(cancellationToken);
        await using var notify = await NotifyLimit.OpenAsync(run.Database, cancellationToken);
        var latencies = new List<double>(run.Count);
        var oneWay = new List<double>(run.Count);
        var roundTrip = new List<double>(run.Count);
        var invokes = new List<double>(run.Count);
        var announced = new List<double>(run.Count);
        for (var i = 0; i < samples; i++)
        {
            await Task.Delay(_pause, cancellationToken);
            var hint = await notify.MeasureAsync(cancellationToken);
            var (latency, invoked) = await InvokeAsync(conductor, 2 * i);
            var (announcedLatency, _) = await InvokeAsync(other, (2 * i) + 1);
            if (i >= Unmeasured)
            {
                latencies.Add(latency.TotalMilliseconds);
                oneWay.Add(hint.OneWayMs);
                roundTrip.Add(hint.RoundTripMs);
                invokes.Add(invoked.TotalMilliseconds);
                announced.Add(announcedLatency.TotalMilliseconds);
            }
        }

        await orchestrator.StopAsync(cancellationToken);
        var limit = Statistics.Percentile(roundTrip, 0.5);
        return new Sample
        {
            LatenciesMs = latencies,
            Limit = limit,
            Ratio = Statistics.Percentile(latencies, 0.5) / limit,
            Verified = await run.VerifyAsync(conductor, ledger, cancellationToken),
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["notifyOneWayP50Ms"] = Math.Round(Statistics.Percentile(oneWay, 0.5)!.Value, 3),
                ["notifyRoundTripP99Ms"] = Math.Round(Statistics.Percentile(roundTrip, 0.99)!.Value, 3),
                ["invokeP50Ms"] = Math.Round(Statistics.Percentile(invokes, 0.5)!.Value, 3),
                ["invokeP99Ms"] = Math.Round(Statistics.Percentile(invokes, 0.99)!.Value, 3),
                ["announcedP50Ms"] = Math.Round(Statistics.Percentile(announced, 0.5)!.Value, 3),
                ["announcedP99Ms"] = Math.Round(Statistics.Percentile(announced, 0.99)!.Value, 3),
                ["slowestMs"] = Math.Round(latencies.Max(), 3),
            },
        };

        async Task<(TimeSpan Latency, TimeSpan Invoke)> InvokeAsync(Conductor client, int n)
        {
            await Task.Delay(_pause, cancellationToken);
            var start = Stopwatch.GetTimestamp();
            await client.InvokeAsync(run.Task, Work.Of(n, run.Options.PayloadBytes), cancellationToken: cancellationToken);
            var invoked = Stopwatch.GetElapsedTime(start);
            return (Stopwatch.GetElapsedTime(start, await started[n].Task.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken)), invoked);
        }
    }
}
