using Microsoft.Extensions.Logging;
using PgConductor.IntegrationTests.Support;
using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Guides;

#pragma warning disable xUnit1051, CA1848, CA1873 // What is quoted is written as a reader would write it.

/// <summary>The code that docs/guides/logs-and-telemetry.md and docs/guides/retention.md quote, run.</summary>
public sealed class LogGuideTests
{
    // docs:start logs-task
    private static readonly TaskDefinition<int, NoResult> _import = TaskDefinition.Create<int>("import", new TaskOptions
    {
        KeepLogs = Retention.For(TimeSpan.FromDays(7)),
    });
    // docs:end

    // docs:start retention
    private static readonly TaskDefinition<int, string> _invoice = TaskDefinition.Create<int, string>("invoice", new TaskOptions
    {
        KeepCompleted = Retention.For(TimeSpan.FromDays(30)),
        KeepFailed = Retention.Forever,
    });
    private static readonly TaskDefinition<int, NoResult> _ping = TaskDefinition.Create<int>("ping", new TaskOptions { KeepCompleted = Retention.None });
    // docs:end

    [Fact]
    public async Task Logs()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        using var loggerFactory = LoggerFactory.Create(_ => { });
        var tasks = new TaskCollection().Add(_import, (file, context) =>
        {
            context.Logger.LogInformation("File {File} is read", file);
            return Task.CompletedTask;
        });

        // docs:start logs-options
        await using var orchestrator = new Orchestrator(
            conductor,
            tasks,
            new OrchestratorOptions { Logs = new ExecutionLogOptions { MinLevel = LogLevel.Information, MaxEntries = 500 } },
            loggerFactory: loggerFactory);
        await orchestrator.StartAsync();
        // docs:end
        var handle = await conductor.InvokeAsync(_import, 4);
        await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token);
        await Eventually.IsTrue(async () => (await handle.GetLogsAsync()).Count == 1, "the line is stored");

        // docs:start logs-read
        foreach (var line in await handle.GetLogsAsync(LogLevel.Information))
        {
            Console.WriteLine($"{line.LoggedAt:O} [{line.Attempt}] {line.Level}: {line.Message} {line.Exception}");
        }
        // docs:end
        Assert.Equal("File 4 is read", (await handle.GetLogsAsync())[0].Message);
    }

    [Fact]
    public async Task Retained()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_invoice, (n, _) => Task.FromResult($"{n}")).Add(_ping, (_, _) => Task.CompletedTask));
        await engine.Conductor.InvokeAsync(_ping, 1);
        var kept = await engine.Conductor.InvokeAsync(_invoice, 2);
        Assert.Equal("2", await kept.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        await engine.IsDoneAsync();

        Assert.Equal(1, await engine.CountAsync("completed_executions", "expires_at - finished_at = interval '30 days'"));
        Assert.Equal(1, await engine.CountAsync("completed_executions"));
    }
}
