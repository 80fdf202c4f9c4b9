using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads.Growth;

/// <summary>Whether it gets slower, or larger, when there is more of something: of one thing at a time, a line of output a point.</summary>
internal sealed class GrowthWorkload : Workload
{
    public override string Name => "growth";

    /// <summary>Executions in a round, where the point allows it.</summary>
    public override int DefaultCount => 100_000;

    public override async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var points = run.Options.Axes.SelectMany(axis => axis.UpTo(run.Options.Max).Select(value => GrowthPoint.Of(axis.Name, value, run.Count, run.Options.PayloadBytes))).ToList();
        var results = new List<BenchResult>();
        foreach (var point in points)
        {
            results.Add(await MeasureAsync(run, point, cancellationToken));
            await Console.Error.WriteLineAsync($"bench: {Name} {point.Axis} {point.Value}: {results[^1].PerSecond} a second");
        }

        return results;
    }

    protected override Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A point is measured in a database of its own; see RunAsync.");

    private async Task<BenchResult> MeasureAsync(BenchRun outer, GrowthPoint point, CancellationToken cancellationToken)
    {
        var run = await outer.OnNewDatabaseAsync(cancellationToken);
        await using var database = run.Database;
        List<Sample> samples;
        await using (var conductor = await run.NewConductorAsync(cancellationToken))
        {
            samples = await new GrowthMeasurement(run, point, conductor).RunAsync(cancellationToken);
        }

        var settings = new Dictionary<string, object>(run.Settings, StringComparer.Ordinal)
        {
            ["backlog"] = point.Backlog,
            ["queues"] = point.Queues,
            ["tasks"] = point.Tasks,
            ["processes"] = point.Processes,
            ["payloadBytes"] = point.PayloadBytes,
            ["retention"] = point.History is null ? "none" : "1 day",
        };
        return BenchResult.Of($"{Name} {point.Axis} {point.Value}", point.Measured * point.Passes, samples, settings) with
        {
            Axis = point.Axis,
            Value = point.Value,
            Details = Medians(samples),
        };
    }

    private static Dictionary<string, object?> Medians(List<Sample> samples) =>
        samples[0].Details.Keys.ToDictionary(
            key => key,
            key => Statistics.Median(samples.Select(sample => (double?)sample.Details[key])) is { } median ? (object?)Math.Round(median, 2) : null,
            StringComparer.Ordinal);
}
