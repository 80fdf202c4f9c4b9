using System.Text.Json.Serialization;

namespace PgConductor.Bench.Measures;

/// <summary>A line of output: the medians of a workload's runs. The names of its properties, in camel case, are the JSON's.</summary>
internal sealed record BenchResult
{
    public required string Workload { get; init; }

    /// <summary>Growth only: what grows, and how far it has.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Axis { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Value { get; init; }

    public double? PerSecond { get; init; }

    public double? P50Ms { get; init; }

    public double? P95Ms { get; init; }

    public double? P99Ms { get; init; }

    public double? Limit { get; init; }

    public double? Ratio { get; init; }

    public int Count { get; init; }

    public bool Verified { get; init; }

    public required IReadOnlyDictionary<string, object> Settings { get; init; }

    /// <summary>The single runs behind the medians.</summary>
    public IReadOnlyList<BenchRunFigures> Runs { get; init; } = [];

    /// <summary>What only this workload measures, of the last run.</summary>
    public IReadOnlyDictionary<string, object?> Details { get; init; } = new Dictionary<string, object?>(StringComparer.Ordinal);

    /// <summary>Medians of rates, limits and ratios; percentiles over all latencies; verified only if every run was.</summary>
    public static BenchResult Of(string workload, int count, IReadOnlyList<Sample> samples, IReadOnlyDictionary<string, object> settings)
    {
        double[] latencies = [.. samples.SelectMany(sample => sample.LatenciesMs)];
        return new BenchResult
        {
            Workload = workload,
            PerSecond = Round(Statistics.Median(samples.Select(sample => sample.PerSecond))),
            P50Ms = Round(Statistics.Percentile(latencies, 0.50)),
            P95Ms = Round(Statistics.Percentile(latencies, 0.95)),
            P99Ms = Round(Statistics.Percentile(latencies, 0.99)),
            Limit = Round(Statistics.Median(samples.Select(sample => sample.Limit))),
            Ratio = Round(Statistics.Median(samples.Select(sample => sample.Ratio))),
            Count = count,
            Verified = samples.Count > 0 && samples.All(sample => sample.Verified),
            Settings = settings,
            Runs = [.. samples.Select(sample => new BenchRunFigures(Round(sample.PerSecond), Round(Statistics.Percentile(sample.LatenciesMs, 0.5)), Round(sample.Limit), Round(sample.Ratio)))],
            Details = samples.Count > 0 ? samples[^1].Details : new Dictionary<string, object?>(StringComparer.Ordinal),
        };
    }

    private static double? Round(double? value) => value is { } number ? Math.Round(number, Math.Abs(number) >= 1000 ? 0 : 3) : null;
}

/// <summary>One run behind a median.</summary>
internal sealed record BenchRunFigures(double? PerSecond, double? P50Ms, double? Limit, double? Ratio);
