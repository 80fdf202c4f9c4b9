using System.Text.Json;
using Npgsql;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.BenchTests;

/// <summary>Every workload runs, with few executions, and says what the documents promise. Not what it measures: a test machine is no bench.</summary>
public sealed class WorkloadTests
{
    private static readonly string[] _fields = ["workload", "perSecond", "p50Ms", "p95Ms", "p99Ms", "limit", "ratio", "count", "verified", "settings"];

    private static readonly string[] _settings = ["serverVersion", "synchronousCommit", "fsync", "concurrency", "maxClaim", "payloadBytes", "retention", "clients", "machineCores"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What each line has beside the fields of all; in the order in which the workloads are asked for.</summary>
    private static readonly (string Result, string Measured)[] _results =
    [
        ("limit.delete-2", "perSecond"), ("limit.delete-1", "perSecond"), ("limit.copy", "perSecond"), ("limit.insert-4", "perSecond"), ("limit.notify", "p50Ms p95Ms p99Ms"),
        ("drain", "perSecond limit ratio"),
        ("enqueue-one", "perSecond limit ratio p50Ms p95Ms p99Ms"),
        ("enqueue-many", "perSecond limit ratio"),
        ("steady", "perSecond p50Ms p95Ms p99Ms"),
        ("million", "perSecond limit ratio"),
        ("sleeping", "limit ratio p50Ms"),
        ("held-horizon", "perSecond limit ratio"),
        ("recover", "limit ratio p50Ms"),
        ("workflow", "perSecond limit ratio p50Ms p95Ms p99Ms"),
        ("wal", "limit ratio"),
        ("queues", "perSecond limit ratio"),
        ("held-back", "limit ratio p50Ms"),
        ("events", "perSecond limit ratio p50Ms p95Ms p99Ms"),
        ("latency", "limit ratio p50Ms p95Ms p99Ms"),
        ("idle 1 queue", "count"), ("idle 50 queues", "count"),
    ];

    [Fact]
    public async Task Each_workload_says_what_it_measured_and_that_each_execution_ran_once_and_leaves_no_database()
    {
        var databases = await DatabasesAsync();
        var rest = await RunAsync(600, "limit", "drain", "enqueue-one", "enqueue-many", "steady", "million", "sleeping", "held-horizon", "recover", "workflow", "wal", "queues", "held-back", "events");
        var latency = await RunAsync(10, "latency");

        var idle = await RunAsync(1, "idle");

        var lines = rest.Concat(latency).Concat(idle).ToList();
        Assert.Equal(_results.Select(result => result.Result), lines.Select(line => line.GetProperty("workload").GetString()));
        foreach (var (line, (name, measured)) in lines.Zip(_results))
        {
            Assert.All(_fields, field => Assert.True(line.TryGetProperty(field, out _), $"{name}: {field}"));
            Assert.All(_settings, setting => Assert.True(line.GetProperty("settings").TryGetProperty(setting, out _), $"{name}: {setting}"));
            Assert.True(line.GetProperty("verified").GetBoolean(), name);
            Assert.True(line.GetProperty("count").GetInt32() > 0, name);
            Assert.All(measured.Split(' '), field => Assert.True(line.GetProperty(field).GetDouble() > 0, $"{name}: {field}"));
        }

        Assert.Empty((await DatabasesAsync()).Except(databases));
    }

    [Fact]
    public async Task A_table_is_printed_without_json()
    {
        var (exitCode, output, _) = await BenchProgram.RunAsync(
            ["drain", "--repeat", "2", "--count", "500", "--warm-up", "0", "--connection", await TestServer.ConnectionStringAsync()], Token);

        Assert.Equal(0, exitCode);
        Assert.StartsWith("workload", output, StringComparison.Ordinal);
        Assert.Contains(output.Split('\n'), line => line.StartsWith("drain ", StringComparison.Ordinal) && line.TrimEnd().EndsWith("yes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0.000001", 0)]
    [InlineData("1000000", 3)]
    public async Task A_ratio_that_is_too_low_is_told_by_the_exit_code(string ratio, int expected)
    {
        var (exitCode, output, errors) = await BenchProgram.RunAsync(
            ["drain", "--repeat", "1", "--count", "500", "--warm-up", "0", "--json", "--at-least", ratio, "--connection", await TestServer.ConnectionStringAsync()], Token);

        Assert.Equal(expected, exitCode);
        Assert.True(JsonDocument.Parse(output).RootElement.GetProperty("verified").GetBoolean());
        Assert.Equal(expected != 0, errors.Contains($"is below {ratio}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("writer")]
    [InlineData("dump")]
    public async Task Work_goes_on_whatever_holds_the_horizon(string holder)
    {
        var line = Assert.Single(await RunAsync(600, ["held-horizon"], "--holder", holder));

        Assert.True(line.GetProperty("verified").GetBoolean());
        Assert.Equal(holder, line.GetProperty("details").GetProperty("holder").GetString());
        Assert.True(line.GetProperty("details").GetProperty("deadRows").GetInt64() > 0);
        Assert.True(line.GetProperty("details").GetProperty("leastRatio").GetDouble() > 0);
        Assert.All(
            line.GetProperty("details").GetProperty("slices").EnumerateArray().Where(slice => slice.GetProperty("phase").GetString() == "full"),
            slice => Assert.True(slice.GetProperty("freePerSecond").GetDouble() > 0));
    }

    [Theory]
    [InlineData("nonsense", "no workload \"nonsense\"")]
    [InlineData("--repeat", "needs a value")]
    [InlineData("drain --count many", "\"many\" must be a whole number")]
    [InlineData("drain --fast", "no option \"--fast\"")]
    [InlineData("drain --at-least much", "\"much\" must be a number above 0")]
    [InlineData("held-horizon --holder nobody", "one of reader, writer, dump")]
    [InlineData("", "at least one workload")]
    [InlineData("drain --connection Host=198.51.100.7;Username=x", "--allow-remote")]
    public async Task What_cannot_be_run_is_refused_with_the_remedy(string arguments, string message)
    {
        var (exitCode, _, errors) = await BenchProgram.RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), Token);

        Assert.Equal(2, exitCode);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    private static Task<List<JsonElement>> RunAsync(int count, params string[] workloads) => RunAsync(count, workloads, []);

    private static async Task<List<JsonElement>> RunAsync(int count, string[] workloads, params string[] options)
    {
        var (exitCode, output, errors) = await BenchProgram.RunAsync(
            [.. workloads, "--json", "--repeat", "1", "--count", $"{count}", "--warm-up", "50", "--clients", "4", "--takeover", "2", "--seconds", "2", "--rate", "50", "--connection", await TestServer.ConnectionStringAsync(), .. options], Token);
        Assert.True(exitCode == 0, $"exit code {exitCode}\n{errors}\n{output}");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static async Task<List<string>> DatabasesAsync()
    {
        await using var connection = new NpgsqlConnection(await TestServer.ConnectionStringAsync());
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand("select datname from pg_database where datname like 'pgconductor_bench_%'", connection);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var names = new List<string>();
        while (await reader.ReadAsync(Token))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
