using System.Text.Json;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.BenchTests;

/// <summary>The workload growth at tiny points of every axis, and what it prints.</summary>
public sealed class GrowthTests
{
    private static readonly string[] _details = ["executionsPerClaim", "heapPeakMb", "workingSetMb", "clientProcessorMicrosecondsEach"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_point_of_each_axis_is_measured_and_verified()
    {
        var lines = await RunAsync("queues,tasks,processes", 2, 2);
        lines.AddRange(await RunAsync("payload,history", 200, 1));
        lines.AddRange(await RunAsync("backlog", 1500, 1));

        Assert.Equal(
            ["queues 1", "queues 2", "tasks 1", "tasks 2", "processes 1", "processes 2", "payload 100", "payload 200", "history 0", "history 200", "backlog 1000", "backlog 1500"],
            lines.Select(line => $"{line.GetProperty("axis").GetString()} {line.GetProperty("value").GetInt32()}"));
        Assert.All(lines, line =>
        {
            Assert.True(line.GetProperty("verified").GetBoolean(), line.GetRawText());
            Assert.All((string[])["perSecond", "p50Ms", "p99Ms"], field => Assert.True(line.GetProperty(field).GetDouble() > 0, line.GetRawText()));
            Assert.All(_details, field => Assert.True(line.GetProperty("details").GetProperty(field).GetDouble() > 0, line.GetRawText()));
            Assert.True(line.GetProperty("details").TryGetProperty("serverProcessorMicrosecondsEach", out _));
        });

        // What the settings say is what was measured.
        Assert.Equal(2, Setting(lines[1], "queues"));
        Assert.Equal(2, Setting(lines[3], "tasks"));
        Assert.Equal(2, Setting(lines[5], "processes"));
        Assert.Equal(200, Setting(lines[7], "payloadBytes"));
        Assert.Equal(1500, Setting(lines[11], "backlog"));
        Assert.Equal(2, lines[0].GetProperty("runs").GetArrayLength());
    }

    [Theory]
    [InlineData("growth --axis width", "\"width\" must be one or more, with commas between, of backlog, queues")]
    [InlineData("growth --axis queues,", "\"\" must be one or more")]
    [InlineData("growth --max 0", "\"0\" must be a whole number from 1")]
    [InlineData("growth --axis payload --max 10", "--max 10 is too small for the axis payload: give at least 24")]
    [InlineData("growth-child", "is started by the workload growth only")]
    public async Task What_cannot_be_measured_is_refused_with_the_remedy(string arguments, string message)
    {
        var (exitCode, _, errors) = await BenchProgram.RunAsync([.. arguments.Split(' '), "--connection", await TestServer.ConnectionStringAsync()], Token);

        Assert.Equal(2, exitCode);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    private static int Setting(JsonElement line, string name) => line.GetProperty("settings").GetProperty(name).GetInt32();

    private static async Task<List<JsonElement>> RunAsync(string axes, int max, int repeat)
    {
        var (exitCode, output, errors) = await BenchProgram.RunAsync(
            ["growth", "--axis", axes, "--max", $"{max}", "--count", "200", "--repeat", $"{repeat}", "--warm-up", "20", "--json", "--connection", await TestServer.ConnectionStringAsync()], Token);
        Assert.True(exitCode == 0, $"exit code {exitCode}\n{errors}\n{output}");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
