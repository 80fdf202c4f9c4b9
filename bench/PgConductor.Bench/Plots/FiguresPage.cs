using System.Globalization;
using System.Text;

namespace PgConductor.Bench.Plots;

/// <summary>The figures behind the drawings, as a page of tables.</summary>
internal static class FiguresPage
{
    public static string Write(IReadOnlyList<PlotSeries> series)
    {
        var page = new StringBuilder("# Figures of growth\n\nMade by `bench/run plot`; [growth](../growth.md) says what they mean.\n");
        foreach (var (axis, points) in series)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {char.ToUpperInvariant(axis[0])}{axis[1..]}\n\n");
            page.Append(CultureInfo.InvariantCulture, $"| {GrowthDrawing.XLabel(axis)} | a second | slowest to fastest round | claim p50 | claim p99 | executions a claim | heap | resident | client each | server each |\n");
            page.Append("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
            foreach (var point in points)
            {
                page.Append(CultureInfo.InvariantCulture, $"| {point.Value:#,0} | {Rate(point.PerSecond)} | {Rate(point.LowPerSecond)} to {Rate(point.HighPerSecond)} | {point.ClaimP50Ms:0.00} ms | {point.ClaimP99Ms:0.00} ms | {point.ExecutionsPerClaim:0.#} | {point.HeapPeakMb:0.0} MB | {point.WorkingSetMb:0} MB | {point.ClientMicroseconds:0.0} µs | {(point.ServerMicroseconds is { } server ? string.Create(CultureInfo.InvariantCulture, $"{server:0.0} µs") : "-")} |\n");
            }
        }

        return page.ToString();
    }

    private static string Rate(double perSecond) => perSecond.ToString(perSecond >= 100 ? "#,0" : "0.0", CultureInfo.InvariantCulture);
}
