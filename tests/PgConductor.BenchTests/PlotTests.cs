using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Xunit;

namespace PgConductor.BenchTests;

/// <summary>The drawings made of growth's lines.</summary>
public sealed class PlotTests : IDisposable
{
    private const string Svg = "{http://www.w3.org/2000/svg}";

    private readonly string _folder = Directory.CreateTempSubdirectory("pgconductor-plot-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Input => Path.Combine(_folder, "growth.jsonl");

    private string Output => Path.Combine(_folder, "new", "drawings");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_axis_is_a_drawing_with_a_point_for_each_line_in_five_curves_and_there_is_a_table()
    {
        await WriteAsync(Line("queues", 1, 200_000), Line("queues", 10, 150_000), Line("queues", 1000, 50_000), Line("history", 1_000_000, 100), Line("history", 0, 200));

        var (exitCode, output, errors) = await PlotAsync();

        Assert.True(exitCode == 0, errors);
        Assert.StartsWith("5 points in 2 drawings", output, StringComparison.Ordinal);
        Assert.Equal(["figures.md", "history.svg", "queues.svg"], Directory.GetFiles(Output).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var queues = Load("queues");
        Assert.Equal(3 * 5, queues.Descendants($"{Svg}circle").Count());
        Assert.Equal(2 * 5, Load("history").Descendants($"{Svg}circle").Count());
        Assert.All(queues.Descendants($"{Svg}polyline"), line => Assert.Equal(3, line.Attribute("points")!.Value.Split(' ').Length));
        var texts = queues.Descendants($"{Svg}text").Select(text => text.Value).ToList();
        Assert.All((string[])["executions a second", "time of a claim, ms", "memory of a process, MB", "queues of one process", "1", "10", "1k", "200k", "p50", "p99"], text => Assert.Contains(text, texts));
        Assert.DoesNotContain(queues.Descendants(), element => element.Name.LocalName is "script" or "image" or "use");
        Assert.Contains("prefers-color-scheme:dark", queues.Descendants($"{Svg}style").Single().Value, StringComparison.Ordinal);
        Assert.Contains("| 1,000 | 50,000 | 45,000 to 55,000 | 1.50 ms | 4.00 ms |", await File.ReadAllTextAsync(Path.Combine(Output, "figures.md"), Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Points_lie_where_their_values_are()
    {
        await WriteAsync(Line("backlog", 1000, 100_000), Line("backlog", 10_000, 50_000), Line("backlog", 100_000, 200_000));
        await PlotAsync();

        var points = Load("backlog").Descendants($"{Svg}g").First().Descendants($"{Svg}circle").Select(circle => (X: Coordinate(circle, "cx"), Y: Coordinate(circle, "cy"))).ToList();

        // A decade is as wide as the next; heights are in proportion above zero.
        Assert.Equal(points[1].X - points[0].X, points[2].X - points[1].X, 0.11);
        Assert.True(points[0].X < points[1].X);
        var zero = points[1].Y + (points[1].Y - points[2].Y) / 3;
        Assert.Equal((zero - points[2].Y) / 2, zero - points[0].Y, 0.2);
        Assert.True(points[2].Y < points[0].Y && points[0].Y < points[1].Y);
    }

    [Fact]
    public async Task Values_far_apart_are_drawn_by_powers_of_ten()
    {
        await WriteAsync(Line("payload", 100, 200_000), Line("payload", 1000, 20_000), Line("payload", 10_000, 2000));
        await PlotAsync();

        var points = Load("payload").Descendants($"{Svg}g").First().Descendants($"{Svg}circle").Select(circle => Coordinate(circle, "cy")).ToList();

        Assert.Equal(points[1] - points[0], points[2] - points[1], 0.11);
    }

    [Fact]
    public async Task The_same_lines_in_any_order_make_the_same_bytes()
    {
        await WriteAsync(Line("tasks", 1, 7), Line("tasks", 10, 5), """{"workload":"drain","perSecond":1}""", "");
        await PlotAsync();
        var first = await File.ReadAllBytesAsync(Path.Combine(Output, "tasks.svg"), Token);

        await WriteAsync(Line("tasks", 10, 5), Line("tasks", 1, 7));
        await PlotAsync();

        Assert.Equal(first, await File.ReadAllBytesAsync(Path.Combine(Output, "tasks.svg"), Token));
    }

    public static TheoryData<string, string> Faults => new()
    {
        { "", "has no line of the workload growth" },
        { """{"workload":"drain"}""", "has no line of the workload growth" },
        { Line("queues", 1, 5), "has one point of the axis queues, 1: a line needs two" },
        { Line("queues", 1, 5) + "\n" + Line("queues", 1, 6), "the point 1 of the axis queues 2 times" },
        { Line("queues", 1, 5) + "\n" + Line("queues", 2, 6)[..40], "growth.jsonl:2 is not JSON" },
        { "[1]", "growth.jsonl:1 is not a JSON object" },
        { Line("width", 1, 5), "the axis \"width\" is none of backlog" },
        { Line("queues", 1, 0), "perSecond 0 must be above 0" },
        { Line("queues", 1, -3), "must be above 0" },
        { Line("queues", 1, 5).Replace("\"p99Ms\"", "\"p98Ms\"", StringComparison.Ordinal), "has no number \"p99Ms\"" },
        { Line("queues", 1, 5).Replace("true", "false", StringComparison.Ordinal), "is not verified" },
        { Line("queues", 1, 5).Replace("\"value\":1", "\"value\":1.5", StringComparison.Ordinal), "a value 1.5" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task What_cannot_be_drawn_is_refused_and_nothing_is_written(string text, string message)
    {
        await WriteAsync(text);

        var (exitCode, _, errors) = await PlotAsync();

        Assert.Equal(2, exitCode);
        Assert.Contains(message, errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output));
    }

    [Theory]
    [InlineData("plot", "is not \"bench/run plot FILE.jsonl --out FOLDER\"")]
    [InlineData("plot nowhere.jsonl", "is not \"bench/run plot")]
    [InlineData("plot nowhere.jsonl --out drawings", "\"nowhere.jsonl\" cannot be read")]
    public async Task Arguments_that_name_nothing_are_refused(string arguments, string message)
    {
        var (exitCode, _, errors) = await BenchProgram.RunAsync(arguments.Split(' '), Token);

        Assert.Equal(2, exitCode);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    private static string Line(string axis, int value, double perSecond) => new JsonObject
    {
        ["workload"] = $"growth {axis} {value}",
        ["axis"] = axis,
        ["value"] = value,
        ["perSecond"] = perSecond,
        ["p50Ms"] = 1.5,
        ["p99Ms"] = 4,
        ["verified"] = true,
        ["runs"] = new JsonArray(new JsonObject { ["perSecond"] = perSecond * 0.9 }, new JsonObject { ["perSecond"] = perSecond * 1.1 }),
        ["details"] = new JsonObject { ["executionsPerClaim"] = 400, ["heapPeakMb"] = 12.5, ["workingSetMb"] = 90, ["clientProcessorMicrosecondsEach"] = 2.5, ["serverProcessorMicrosecondsEach"] = 5 },
    }.ToJsonString();

    private static double Coordinate(XElement circle, string name) => double.Parse(circle.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private Task WriteAsync(params string[] lines) => File.WriteAllLinesAsync(Input, lines, Token);

    private Task<(int ExitCode, string Output, string Errors)> PlotAsync() => BenchProgram.RunAsync(["plot", Input, "--out", Output], Token);

    private XDocument Load(string axis) => XDocument.Load(Path.Combine(Output, $"{axis}.svg"));
}
