using System.Text.Json;
using PgConductor.Client;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Guides;

#pragma warning disable xUnit1051 // What is quoted is written as a reader would write it.

/// <summary>The code that docs/guides/throttle-and-debounce.md quotes, run.</summary>
public sealed class PaceGuideTests
{
    // docs:start pace-task
    private static readonly TaskDefinition<int, NoResult> _sync = TaskDefinition.Create<int>("sync");
    // docs:end

    [Fact]
    public async Task Throttle()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();

        // docs:start pace-throttle
        var options = new InvokeOptions { Throttle = new Throttle(TimeSpan.FromMinutes(10)) { Key = "customer-7" } };
        var first = await conductor.InvokeAsync(_sync, 1, options);

        // Within ten minutes of the first: dropped, and told which one runs instead.
        var second = await conductor.InvokeAsync(_sync, 2, options);
        Console.WriteLine($"{second.Disposition}: {second.Id}");
        // docs:end
        Assert.Equal((InvokeDisposition.Created, InvokeDisposition.Dropped, first.Id), (first.Disposition, second.Disposition, second.Id));

        // docs:start pace-trailing
        var hourly = new InvokeOptions { Throttle = new Throttle(TimeSpan.FromHours(1)) { Key = "customer-7", Edge = PaceEdge.Trailing } };
        var made = await conductor.InvokeAsync(_sync, 1, hourly);
        var replaced = await conductor.InvokeAsync(_sync, 2, hourly);
        // docs:end
        Assert.Equal((InvokeDisposition.Created, InvokeDisposition.Replaced, made.Id), (made.Disposition, replaced.Disposition, replaced.Id));
        var waiting = (await conductor.GetAsync(made.Id))!;
        Assert.Equal((ExecutionState.Scheduled, 2), (waiting.State, waiting.Payload!.Value.GetInt32()));
        Assert.InRange(waiting.RunAt!.Value - waiting.CreatedAt, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));

        // docs:start pace-batch
        var payload = JsonSerializer.SerializeToElement(1);
        var each = new InvokeOptions { Throttle = new Throttle(TimeSpan.FromMinutes(10)) { Key = "customer-8" } };
        var outcomes = await conductor.InvokeManyAsync([new InvokeItem("sync", payload, each), new InvokeItem("sync", payload, each)]);
        // docs:end
        Assert.Equal([new InvokeOutcome(outcomes[0].Id, InvokeDisposition.Created), new InvokeOutcome(outcomes[0].Id, InvokeDisposition.Dropped)], outcomes);
    }

    [Fact]
    public async Task Debounce()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();

        // docs:start pace-debounce
        var typing = new InvokeOptions { Debounce = new Debounce(TimeSpan.FromSeconds(5)) { Key = "document-3", MaxWait = TimeSpan.FromMinutes(1) } };
        var save = await conductor.InvokeAsync(_sync, 1, typing);

        // Each invoke replaces the payload and pushes the run to five seconds from now, up to a minute after the first.
        save = await conductor.InvokeAsync(_sync, 2, typing);
        // docs:end
        Assert.Equal(InvokeDisposition.Replaced, save.Disposition);
        Assert.Equal(2, (await conductor.GetAsync(save.Id))!.Payload!.Value.GetInt32());
    }
}
