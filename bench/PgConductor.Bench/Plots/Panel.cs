using System.Globalization;
using System.Text;

namespace PgConductor.Bench.Plots;

/// <summary>A line of a panel: its name, its class in the style sheet, and a value for each point of the axis.</summary>
internal sealed record PlotLine(string Name, string Style, IReadOnlyList<double> Values, IReadOnlyList<(double Low, double High)>? Ranges = null);

/// <summary>A small diagram: one measured thing, or two of the same unit, over what grows.</summary>
internal sealed record Panel(string Title, string XLabel, IReadOnlyList<double> XValues, IReadOnlyList<PlotLine> Lines)
{
    public const int Width = 300;
    public const int Height = 230;

    private const int Left = 46;
    private const int Right = Width - 16;
    private const int Top = 46;
    private const int Bottom = Height - 40;

    public void Draw(StringBuilder svg, int left, int top)
    {
        var x = Scale.OfChosen(XValues);
        var y = Scale.OfMeasured([.. Lines.SelectMany(line => line.Ranges is { } ranges ? line.Values.Concat(ranges.SelectMany(range => (double[])[range.Low, range.High])) : line.Values)]);
        svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate({left} {top})\">\n");
        Text(svg, 8, 18, "title", Title);
        DrawLegend(svg);
        foreach (var tick in y.Ticks)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"grid\" d=\"M{Left} {Y(tick)}H{Right}\"/>\n");
            Text(svg, Left - 6, YOf(tick) + 3.5, "label end", Scale.Label(tick));
        }

        foreach (var tick in x.Ticks)
        {
            Text(svg, XOf(tick), Bottom + 15, "label middle", Scale.Label(tick));
        }

        Text(svg, (Left + Right) / 2.0, Bottom + 31, "label middle", XLabel);
        foreach (var line in Lines)
        {
            svg.Append("<polyline class=\"line ").Append(line.Style).Append("\" points=\"")
                .AppendJoin(' ', XValues.Zip(line.Values, (at, value) => $"{X(at)},{Y(value)}")).Append("\"/>\n");
            for (var i = 0; i < XValues.Count; i++)
            {
                if (line.Ranges is { } ranges && ranges[i].High > ranges[i].Low)
                {
                    svg.Append(CultureInfo.InvariantCulture, $"<path class=\"range {line.Style}\" d=\"M{X(XValues[i])} {Y(ranges[i].Low)}V{Y(ranges[i].High)}\"/>\n");
                }

                svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"point {line.Style}\" cx=\"{X(XValues[i])}\" cy=\"{Y(line.Values[i])}\" r=\"3\"><title>{Scale.Label(XValues[i])}: {Scale.Label(Math.Round(line.Values[i], 3))} ({line.Name})</title></circle>\n");
            }
        }

        svg.Append("</g>\n");

        double XOf(double value) => Left + (x.At(value) * (Right - Left));
        double YOf(double value) => Bottom - (y.At(value) * (Bottom - Top));
        string X(double value) => Coordinate(XOf(value));
        string Y(double value) => Coordinate(YOf(value));
    }

    private void DrawLegend(StringBuilder svg)
    {
        if (Lines.Count < 2)
        {
            return;
        }

        for (var i = 0; i < Lines.Count; i++)
        {
            var at = Left + (i * 70);
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"line {Lines[i].Style}\" d=\"M{at} 30H{at + 14}\"/>\n");
            Text(svg, at + 19, 33.5, "label", Lines[i].Name);
        }
    }

    private static void Text(StringBuilder svg, double x, double y, string style, string text) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"{style}\" x=\"{Coordinate(x)}\" y=\"{Coordinate(y)}\">{text}</text>\n");

    private static string Coordinate(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
