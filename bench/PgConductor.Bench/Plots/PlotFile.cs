using System.Text.Json;
using PgConductor.Bench.Workloads.Growth;

namespace PgConductor.Bench.Plots;

/// <summary>One point of an axis, as "bench growth --json" printed it.</summary>
/// <param name="LowPerSecond">The slowest round; the highest is the fastest.</param>
internal sealed record PlotPoint(
    int Value,
    double PerSecond,
    double LowPerSecond,
    double HighPerSecond,
    double ClaimP50Ms,
    double ClaimP99Ms,
    double ExecutionsPerClaim,
    double HeapPeakMb,
    double WorkingSetMb,
    double ClientMicroseconds,
    double? ServerMicroseconds);

/// <summary>An axis and its points, ascending.</summary>
internal sealed record PlotSeries(string Axis, IReadOnlyList<PlotPoint> Points);

/// <summary>Reads lines of JSON. Other workloads' lines are passed over; a faulty line of growth is an error that names it.</summary>
internal static class PlotFile
{
    public static IReadOnlyList<PlotSeries> Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BenchException($"\"{path}\" cannot be read: {exception.Message}");
        }

        var points = lines
            .Select((text, i) => (Text: text, Place: $"{path}:{i + 1}"))
            .Where(line => !string.IsNullOrWhiteSpace(line.Text))
            .Select(line => Parse(line.Text, line.Place))
            .OfType<(string Axis, PlotPoint Point)>()
            .ToList();
        if (points.Count == 0)
        {
            throw new BenchException($"\"{path}\" has no line of the workload growth: make it with bench/run growth --json > \"{path}\".");
        }

        return [.. GrowthAxis.All.Select(axis => (axis.Name, Points: points.Where(point => point.Axis == axis.Name).Select(point => point.Point).OrderBy(point => point.Value).ToList()))
            .Where(axis => axis.Points.Count > 0)
            .Select(axis => new PlotSeries(axis.Name, Check(path, axis.Name, axis.Points)))];
    }

    private static List<PlotPoint> Check(string path, string axis, List<PlotPoint> points)
    {
        if (points.Count < 2)
        {
            throw new BenchException($"\"{path}\" has one point of the axis {axis}, {points[0].Value}: a line needs two. Measure with a larger --max.");
        }

        return points.CountBy(point => point.Value).FirstOrDefault(value => value.Value > 1) is { Value: > 1 } twice
            ? throw new BenchException($"\"{path}\" has the point {twice.Key} of the axis {axis} {twice.Value} times: keep one run in a file.")
            : points;
    }

    private static (string Axis, PlotPoint Point)? Parse(string text, string place)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var line = document.RootElement;
            if (line.ValueKind != JsonValueKind.Object)
            {
                throw new BenchException($"{place} is not a JSON object, as bench --json prints them.");
            }

            return line.TryGetProperty("axis", out var axis) ? (Axis(axis, place), Point(line, place)) : null;
        }
        catch (JsonException exception)
        {
            throw new BenchException($"{place} is not JSON: {exception.Message}");
        }
    }

    private static string Axis(JsonElement axis, string place) =>
        GrowthAxis.All.FirstOrDefault(known => axis.ValueKind == JsonValueKind.String && known.Name == axis.GetString())?.Name
        ?? throw new BenchException($"{place}: the axis {axis.GetRawText()} is none of {string.Join(", ", GrowthAxis.All.Select(known => known.Name))}.");

    private static PlotPoint Point(JsonElement line, string place)
    {
        if (!line.TryGetProperty("verified", out var verified) || verified.ValueKind != JsonValueKind.True)
        {
            throw new BenchException($"{place} is not verified: figures of a run that lost or repeated something are not drawn.");
        }

        var details = Child(line, "details", JsonValueKind.Object, place);
        var value = Number(line, "value", place, 0);
        var rounds = Child(line, "runs", JsonValueKind.Array, place).EnumerateArray().Select(round => Number(round, "perSecond", place)).ToList();
        if (rounds.Count == 0 || value != Math.Floor(value) || value > int.MaxValue)
        {
            throw new BenchException($"{place}: a value {value} with {rounds.Count} runs is no point.");
        }

        return new PlotPoint(
            (int)value,
            Number(line, "perSecond", place),
            rounds.Min(),
            rounds.Max(),
            Number(line, "p50Ms", place),
            Number(line, "p99Ms", place),
            Number(details, "executionsPerClaim", place),
            Number(details, "heapPeakMb", place),
            Number(details, "workingSetMb", place),
            Number(details, "clientProcessorMicrosecondsEach", place),
            details.TryGetProperty("serverProcessorMicrosecondsEach", out var server) && server.ValueKind == JsonValueKind.Null ? null : Number(details, "serverProcessorMicrosecondsEach", place, 0));
    }

    /// <summary>A number above zero, unless zero is allowed.</summary>
    private static double Number(JsonElement parent, string name, string place, double? least = null)
    {
        var number = Child(parent, name, JsonValueKind.Number, place);
        return number.TryGetDouble(out var value) && double.IsFinite(value) && (value > 0 || value >= least)
            ? value
            : throw new BenchException($"{place}: {name} {number.GetRawText()} must be {(least is null ? "above 0" : $"at least {least}")}.");
    }

    private static JsonElement Child(JsonElement parent, string name, JsonValueKind kind, string place) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var child) && child.ValueKind == kind
            ? child
            : throw new BenchException($"{place} has no {kind.ToString().ToLowerInvariant()} \"{name}\": bench growth --json prints one.");
}
