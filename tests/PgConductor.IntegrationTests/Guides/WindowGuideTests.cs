using PgConductor.Testing;
using Xunit;

namespace PgConductor.IntegrationTests.Guides;

#pragma warning disable xUnit1051 // What is quoted is written as a reader would write it.

/// <summary>The code that docs/guides/windows.md quotes, run.</summary>
public sealed class WindowGuideTests
{
    private static readonly List<string> _done = [];

    // docs:start windows
    private static readonly TaskDefinition<int, NoResult> _rebuild = TaskDefinition.Create<int>("rebuild-index", new TaskOptions
    {
        Windows = [ExecutionWindow.Parse("mon-fri 22:00-06:00"), ExecutionWindow.Parse("sat,sun 00:00-24:00")],
        TimeZone = "Europe/Berlin",
    });
    // docs:end

    // docs:start windows-steps
    private static async Task RebuildAsync(int shards, TaskContext context)
    {
        for (var shard = 0; shard < shards; shard++)
        {
            // In the morning the execution is put away between two shards; at ten in the evening the next one is built.
            await context.StepAsync($"build {shard}", () => BuildAsync(shard));

            // A shard that is built must not stay off line until the evening.
            await context.StepAsync($"switch {shard}", () => SwitchAsync(shard), new StepOptions { FollowAtOnce = true });
        }
    }
    // docs:end

    [Fact]
    public async Task Rebuild()
    {
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(_rebuild, RebuildAsync),
            new ConductorTestHostOptions { Start = new DateTimeOffset(2030, 1, 2, 12, 0, 0, TimeSpan.Zero) });
        var handle = await host.Conductor.InvokeAsync(_rebuild, 2);

        await host.DrainAsync();
        Assert.Empty(_done);
        Assert.Equal(new DateTimeOffset(2030, 1, 2, 21, 0, 0, TimeSpan.Zero), await host.AdvanceToNextAsync());
        await host.DrainAsync();

        Assert.Equal(["build 0", "switch 0", "build 1", "switch 1"], _done);
        await host.Executions.ShouldBeCompletedAsync(handle.Id);
    }

    private static Task BuildAsync(int shard)
    {
        _done.Add($"build {shard}");
        return Task.CompletedTask;
    }

    private static Task SwitchAsync(int shard)
    {
        _done.Add($"switch {shard}");
        return Task.CompletedTask;
    }
}
