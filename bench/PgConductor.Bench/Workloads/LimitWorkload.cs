using PgConductor.Bench.Limits;
using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>The raw figures of the server: what no queue on it can beat.</summary>
internal sealed class LimitWorkload : Workload
{
    private const int NotifySamples = 500;

    public override string Name => "limit";

    public override int DefaultCount => 200_000;

    public override int DefaultWarmUp => 0;

    public override async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var conductor = await run.NewConductorAsync(cancellationToken);
        var bytes = run.Options.PayloadBytes;
        var inserts = Math.Min(run.Count, Math.Max(run.Count / 10, 1000));
        Dictionary<string, (int Count, List<Sample> Samples)> results = new(StringComparer.Ordinal);
        for (var i = 0; i < run.Repeat; i++)
        {
            Add("limit.delete-2", run.Count, await DeleteLimit.MeasureAsync(run.Database, run.Count, 2, bytes, cancellationToken));
            Add("limit.delete-1", run.Count, await DeleteLimit.MeasureAsync(run.Database, run.Count, 1, bytes, cancellationToken));
            Add("limit.copy", run.Count, await CopyLimit.MeasureAsync(run.Database, run.Count, bytes, cancellationToken));
            Add($"limit.insert-{run.Options.Clients}", inserts, await InsertLimit.MeasureAsync(run.Database, inserts, run.Options.Clients, bytes, cancellationToken));
            var samples = Math.Min(NotifySamples, run.Count);
            Entry("limit.notify", samples).Add(new Sample { LatenciesMs = await NotifyAsync(run, samples, cancellationToken), Verified = true });
        }

        return [.. results.Select(result => BenchResult.Of(result.Key, result.Value.Count, result.Value.Samples, run.Settings))];

        List<Sample> Entry(string name, int count)
        {
            if (!results.TryGetValue(name, out var entry))
            {
                results[name] = entry = (count, []);
            }

            return entry.Samples;
        }

        void Add(string name, int count, double perSecond) => Entry(name, count).Add(new Sample { PerSecond = perSecond, Verified = true });
    }

    protected override Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken) => throw new NotSupportedException();

    private static async Task<List<double>> NotifyAsync(BenchRun run, int samples, CancellationToken cancellationToken)
    {
        await using var notify = await NotifyLimit.OpenAsync(run.Database, cancellationToken);
        for (var i = 0; i < 50; i++)
        {
            await notify.MeasureAsync(cancellationToken);
        }

        var latencies = new List<double>(samples);
        for (var i = 0; i < samples; i++)
        {
            latencies.Add((await notify.MeasureAsync(cancellationToken)).RoundTripMs);
        }

        return latencies;
    }
}
