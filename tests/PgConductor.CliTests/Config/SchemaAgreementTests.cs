using System.Text;
using System.Text.Json;
using NJsonSchema;
using PgConductor.Cli.Config;
using Xunit;

namespace PgConductor.CliTests.Config;

/// <summary>The published schema and the reader say the same about the same files.</summary>
public sealed class SchemaAgreementTests
{
    /// <summary>Faults that only the reader can see: ranges of times, files, things that need two keys at once, exact bytes.</summary>
    private static readonly string[] _readerOnly =
    [
        "must be 50ms", "a third of", "must be 0s to 1d", "must be 1ms to 24d", "shorter than", "cannot be", "given twice",
        "there is no", "no program", "not known to Npgsql", "99999999", "not executable", "the program first", "set by pgconductor", "visible ASCII", "not JSON", "not valid Unicode", "day-of-month", "not known to this machine", "ends where it starts",
    ];

    public static TheoryData<string, string> SeenBySchema => [.. ConfigFaultTests.Faulty
        .Select(row => row.Data)
        .Where(row => !Array.Exists(_readerOnly, only => row.Item3.Contains(only, StringComparison.Ordinal)))
        .Select(row => (row.Item1, row.Item2))];

    [Theory]
    [MemberData(nameof(SeenBySchema))]
    public async Task What_the_reader_refuses_the_schema_refuses(string json, string path)
    {
        Assert.True((await Schema()).Validate(json).Count > 0, $"the schema sees nothing at {path}");
    }

    [Theory]
    [InlineData("""{"tasks": {"a": {"builtin": "noop"}}}""")]
    [InlineData("""{"service": "s", "tasks": {"a": {"builtin": "noop"}}, "schedules": {"k": {"task": "a", "cron": "*/5 * * * *", "timeZone": "Europe/Berlin", "payload": null, "queue": "q", "priority": -3, "missed": "all", "tolerance": "2h", "catchUp": 1000, "overlap": false}, "l": {"task": "elsewhere", "cron": "@daily"}}}""")]
    [InlineData("""{"connection": "Host=x", "queues": {"default": {"concurrency": 5}}, "tasks": {"hello-task": {"builtin": "hello-task"}, "digest": {"command": ["sh"], "queue": "default", "maxAttempts": 3, "timeout": "30s"}, "notify": {"http": {"url": "http://127.0.0.1:8080/hook"}}}}""")]
    [InlineData("""{"$schema": "s", "name": "n", "heartbeat": "1s", "takeover": "1m", "drainTimeout": "1.5h", "listen": true, "queues": {"q": {"concurrency": 1, "prefetch": 0, "prefetchTime": "0s", "maxClaim": 1, "flushSize": 1, "flushInterval": "0ms", "minPollInterval": "1ms", "maxPollInterval": "1ms"}}, "tasks": {"t": {"command": ["sh", ""], "backoff": ["0s"], "backoffJitter": 0.5, "keepCompleted": "none", "keepFailed": "1d", "keepLogs": "2d", "windows": ["mon-fri 22:00-06:00", "Sat,sun 0:00-24:00"], "timeZone": "Europe/Berlin", "doNotRetryExitCodes": [1, 255], "killGrace": "0s"}, "u": {"http": {"url": "HTTPS://x", "headers": {"A": "b"}}, "keepCompleted": "forever"}}}""")]
    public async Task What_the_reader_takes_the_schema_takes(string json)
    {
        var faults = new List<ConfigFault>();
        new TowerConfigReader(Environment.GetEnvironmentVariable).Read(Encoding.UTF8.GetBytes(json), "/", faults);

        Assert.Empty(faults);
        Assert.Empty((await Schema()).Validate(json));
    }

    [Fact]
    public void The_built_in_tasks_are_those_of_the_schema()
    {
        using var schema = JsonDocument.Parse(Checkout.Read("docs/reference/tower.schema.json"));
        var names = schema.RootElement.GetProperty("definitions").GetProperty("task").GetProperty("properties").GetProperty("builtin").GetProperty("enum");

        Assert.Equal(BuiltInBody.Names, names.EnumerateArray().Select(name => name.GetString()!));
    }

    private static Task<JsonSchema> Schema() => JsonSchema.FromJsonAsync(Checkout.Read("docs/reference/tower.schema.json"));
}
