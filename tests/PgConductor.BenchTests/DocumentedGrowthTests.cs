using System.Text.Json;
using Xunit;

namespace PgConductor.BenchTests;

/// <summary>The drawings and figures of docs/operations/growth are those of bench/results/growth.jsonl, and that is a whole run.</summary>
public sealed class DocumentedGrowthTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    private static string Results => Path.Combine(Root, "bench", "results", "growth.jsonl");

    [Fact]
    public async Task They_are_what_plot_makes_of_the_results()
    {
        var documented = Path.Combine(Root, "docs", "operations", "growth");
        var drawn = Directory.CreateTempSubdirectory("pgconductor-growth-").FullName;
        try
        {
            var (exitCode, _, errors) = await BenchProgram.RunAsync(["plot", Results, "--out", drawn], Token);

            Assert.True(exitCode == 0, errors);
            Assert.Equal(Names(drawn), Names(documented));
            foreach (var name in Names(drawn))
            {
                Assert.True(
                    await File.ReadAllTextAsync(Path.Combine(drawn, name), Token) == await File.ReadAllTextAsync(Path.Combine(documented, name), Token),
                    $"docs/operations/growth/{name} is not what the results give: bench/run plot bench/results/growth.jsonl --out docs/operations/growth");
            }
        }
        finally
        {
            Directory.Delete(drawn, recursive: true);
        }
    }

    [Fact]
    public async Task The_results_reach_the_ends_of_every_axis_on_a_durable_server()
    {
        var lines = (await File.ReadAllLinesAsync(Results, Token)).Select(line => JsonDocument.Parse(line).RootElement).ToList();

        Assert.Equal(
            ["backlog 1000 10000000", "history 0 10000000", "payload 100 1000000", "processes 1 8", "queues 1 1000", "tasks 1 1000"],
            lines.GroupBy(line => line.GetProperty("axis").GetString(), line => line.GetProperty("value").GetInt32())
                .Select(axis => $"{axis.Key} {axis.Min()} {axis.Max()}").Order(StringComparer.Ordinal));
        Assert.All(lines, line =>
        {
            Assert.True(line.GetProperty("verified").GetBoolean());
            Assert.Equal(("on", "on"), (line.GetProperty("settings").GetProperty("fsync").GetString(), line.GetProperty("settings").GetProperty("synchronousCommit").GetString()));
        });
    }

    private static string[] Names(string folder) => [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    private static string FindRoot(string folder) =>
        File.Exists(Path.Combine(folder, "PgConductor.slnx")) ? folder
        : Path.GetDirectoryName(folder) is { } parent ? FindRoot(parent)
        : throw new InvalidOperationException($"{AppContext.BaseDirectory} is not in the repository.");
}
