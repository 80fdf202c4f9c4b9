using System.Globalization;
using System.Text;
using PgConductor.Bench.Workloads.Growth;

namespace PgConductor.Bench.Plots;

/// <summary>Draws one axis: throughput, claim time and memory side by side. The same points give the same bytes; no script, no font, nothing from elsewhere.</summary>
internal static class GrowthDrawing
{
    /// <summary>Its own background, so that it can be read wherever it is put, and dark where the reader's system is.</summary>
    private const string Style =
        """
        <style>
        .ground{fill:#ffffff}.title{fill:#1f2328;font-size:13px;font-weight:600}.label{fill:#59636e;font-size:10.5px}
        .middle{text-anchor:middle}.end{text-anchor:end}text{font-family:system-ui,sans-serif}
        .grid{stroke:#d1d9e0;stroke-width:1;fill:none}.line{fill:none;stroke-width:2}.range{fill:none;stroke-width:5;opacity:.35}
        .first{stroke:#0969da}.second{stroke:#bc4c00}circle.first{fill:#0969da}circle.second{fill:#bc4c00}
        @media (prefers-color-scheme:dark){
        .ground{fill:#0d1117}.title{fill:#f0f6fc}.label{fill:#9198a1}.grid{stroke:#3d444d}
        .first{stroke:#4493f8}.second{stroke:#f0883e}circle.first{fill:#4493f8}circle.second{fill:#f0883e}
        }
        </style>
        """;

    public static string Draw(PlotSeries series)
    {
        double[] values = [.. series.Points.Select(point => (double)point.Value)];
        var x = XLabel(series.Axis);
        Panel[] panels =
        [
            new("executions a second", x, values, [new("median", "first", Pick(point => point.PerSecond), [.. series.Points.Select(point => (point.LowPerSecond, point.HighPerSecond))])]),
            new("time of a claim, ms", x, values, [new("p50", "first", Pick(point => point.ClaimP50Ms)), new("p99", "second", Pick(point => point.ClaimP99Ms))]),
            new("memory of a process, MB", x, values, [new("heap", "first", Pick(point => point.HeapPeakMb)), new("resident", "second", Pick(point => point.WorkingSetMb))]),
        ];
        var width = panels.Length * Panel.Width;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {Panel.Height}\" width=\"{width}\" height=\"{Panel.Height}\" role=\"img\" aria-label=\"Throughput, claim time and memory against {x}\">\n");
        svg.Append(Style.ReplaceLineEndings("\n")).Append('\n');
        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"ground\" width=\"{width}\" height=\"{Panel.Height}\"/>\n");
        for (var i = 0; i < panels.Length; i++)
        {
            panels[i].Draw(svg, i * Panel.Width, 0);
        }

        return svg.Append("</svg>\n").ToString();

        double[] Pick(Func<PlotPoint, double> pick) => [.. series.Points.Select(pick)];
    }

    /// <summary>What grows, with its unit.</summary>
    public static string XLabel(string axis) => axis switch
    {
        GrowthAxis.Backlog => "executions waiting",
        GrowthAxis.Queues => "queues of one process",
        GrowthAxis.Tasks => "tasks of one queue",
        GrowthAxis.Processes => "processes",
        GrowthAxis.Payload => "bytes of a payload",
        GrowthAxis.History => "rows in the history",
        _ => axis,
    };
}
