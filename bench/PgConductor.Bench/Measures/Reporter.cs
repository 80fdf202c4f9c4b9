using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace PgConductor.Bench.Measures;

/// <summary>Prints results as they come: lines of a table, or one JSON object a line.</summary>
internal sealed class Reporter(bool json, TextWriter output)
{
    private static readonly JsonSerializerOptions _options = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private bool _headerDone;

    public void Write(BenchResult result)
    {
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(result, _options));
            output.Flush();
            return;
        }

        if (!_headerDone)
        {
            _headerDone = true;
            output.WriteLine($"{"workload",-22} {"per second",11} {"p50 ms",8} {"p95 ms",8} {"p99 ms",8} {"limit",11} {"ratio",7} {"(each run)",-20} {"count",9} verified");
        }

        var spread = result.Runs.Count > 1 && result.Ratio is not null
            ? $"({string.Join(' ', result.Runs.Select(run => run.Ratio).Order().Select(ratio => Text(ratio, "0.00")))})"
            : result.Runs.Count > 1 ? $"({string.Join(' ', result.Runs.Select(run => run.PerSecond ?? run.P50Ms).Order().Select(Short))})" : "";
        output.WriteLine($"{result.Workload,-22} {Text(result.PerSecond, "#,0"),11} {Text(result.P50Ms, "0.00"),8} {Text(result.P95Ms, "0.00"),8} {Text(result.P99Ms, "0.00"),8} {Text(result.Limit, result.Limit >= 100 ? "#,0" : "0.00"),11} {Text(result.Ratio, "0.000"),7} {spread,-20} {Text(result.Count, "#,0"),9} {(result.Verified ? "yes" : "NO")}");
        foreach (var (name, value) in result.Details)
        {
            output.WriteLine($"    {name}: {JsonSerializer.Serialize(value, _options)}");
        }

        output.Flush();
    }

    private static string Short(double? value) => value >= 10_000 ? $"{Text(value / 1000, "0")}k" : Text(value, "0.##");

    private static string Text(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
