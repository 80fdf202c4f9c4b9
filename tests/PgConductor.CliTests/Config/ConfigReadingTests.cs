using System.Text;
using PgConductor.Cli.Config;
using Xunit;

namespace PgConductor.CliTests.Config;

public sealed class ConfigReadingTests
{
    [Fact]
    public void The_core_that_other_tools_rely_on_is_read()
    {
        using var folder = new TestFolder();
        folder.Script("digest.sh", "cat");

        var config = Read(
            """
            { "connection": "Host=localhost",
              "queues": { "default": { "concurrency": 5 } },
              "tasks":  { "hello-task": { "builtin": "hello-task" },
                          "digest":     { "command": ["./digest.sh"], "queue": "default", "maxAttempts": 3, "timeout": "30s" },
                          "notify":     { "http": { "url": "http://127.0.0.1:8080/hook" } } } }
            """,
            folder.Root);

        Assert.Equal("Host=localhost", config.Connection);
        Assert.Equal(5, Assert.Single(config.Orchestrator.Queues).Value.Concurrency);
        Assert.Equal("hello-task", Assert.IsType<BuiltInBody>(config.Tasks[0].Body).Name);
        var digest = Assert.IsType<CommandBody>(config.Tasks[1].Body);
        Assert.Equal(Path.Combine(folder.Root, "digest.sh"), digest.Program);
        Assert.Equal([100], digest.DoNotRetry);
        Assert.Equal((3, TimeSpan.FromSeconds(30)), (config.Tasks[1].Options.MaxAttempts, config.Tasks[1].Options.Timeout));
        Assert.Equal("http://127.0.0.1:8080/hook", Assert.IsType<HttpBody>(config.Tasks[2].Body).Url.ToString());
        Assert.Equal(HttpBody.DefaultTimeout, config.Tasks[2].Options.Timeout);
    }

    [Fact]
    public void Everything_optional_is_read()
    {
        using var folder = new TestFolder();

        var config = Read(
            """
            { "$schema": "tower.schema.json", "name": "a", "heartbeat": "100ms", "takeover": "1s", "drainTimeout": "0s", "listen": false,
              "queues": { "q": { "prefetch": 0, "prefetchTime": "1s", "maxClaim": 7, "flushSize": 8, "flushInterval": "2ms", "minPollInterval": "3ms", "maxPollInterval": "4ms" } },
              "tasks": { "t": { "command": ["sh", "", "-c"], "backoff": ["0s", "1.5s"], "backoffJitter": 0, "keepCompleted": "none", "keepFailed": "forever",
                                "doNotRetryExitCodes": [], "killGrace": "9s" },
                         "u": { "http": { "url": "https://x/", "headers": { "X-Key": "1" } }, "timeout": "1s", "keepCompleted": "2d" } } }
            """,
            folder.Root);

        var orchestrator = config.Orchestrator;
        Assert.Equal(("a", false), (orchestrator.Name, orchestrator.Listen));
        Assert.Equal((TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), TimeSpan.Zero), (orchestrator.Heartbeat, orchestrator.Takeover, orchestrator.DrainTimeout));
        Assert.True(orchestrator.CancelTimeout > TimeSpan.FromSeconds(9));
        Assert.Empty(orchestrator.Validate());
        Assert.Equal(
            new WorkerOptions { MaxPrefetch = 0, PrefetchTime = TimeSpan.FromSeconds(1), MaxClaim = 7, FlushSize = 8, FlushInterval = TimeSpan.FromMilliseconds(2), MinPollInterval = TimeSpan.FromMilliseconds(3), MaxPollInterval = TimeSpan.FromMilliseconds(4) },
            orchestrator.Queues["q"]);
        var command = Assert.IsType<CommandBody>(config.Tasks[0].Body);
        Assert.Equal(["", "-c"], command.Arguments);
        Assert.Empty(command.DoNotRetry);
        Assert.Equal(TimeSpan.FromSeconds(9), command.KillGrace);
        Assert.Equal([TimeSpan.Zero, TimeSpan.FromSeconds(1.5)], config.Tasks[0].Options.Backoff);
        Assert.Equal((Retention.None, Retention.Forever), (config.Tasks[0].Options.KeepCompleted, config.Tasks[0].Options.KeepFailed));
        Assert.Equal(TimeSpan.FromSeconds(1), config.Tasks[1].Options.Timeout);
        Assert.Equal("1", Assert.IsType<HttpBody>(config.Tasks[1].Body).Headers["x-key"]);
    }

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("0s", 0)]
    [InlineData("1.5m", 90)]
    [InlineData("2h", 7200)]
    [InlineData("1d", 86400)]
    public void Durations_are_read_and_written_back(string text, double seconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
        Assert.True(Duration.TryParse(Duration.Format(duration), out var again));
        Assert.Equal(duration, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("5")]
    [InlineData(" 5s")]
    [InlineData("5 s")]
    [InlineData("1,5s")]
    [InlineData("5.s")]
    [InlineData(".5s")]
    [InlineData("+5s")]
    [InlineData("5S")]
    [InlineData("1e3s")]
    [InlineData("99999999999999999999999999999999d")]
    [InlineData("99999999d")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(Duration.TryParse(text, out _));

    private static TowerConfig Read(string json, string folder)
    {
        var faults = new List<ConfigFault>();
        var config = new TowerConfigReader(Environment.GetEnvironmentVariable).Read(Encoding.UTF8.GetBytes(json), folder, faults);
        Assert.Empty(faults);
        return config!;
    }
}
