using PgConductor.Testing;
using Xunit;

namespace PgConductor.TestingTests;

/// <summary>Children, sleeps and schedules wait for the same clock.</summary>
public sealed class FlowTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_child_is_drained_with_its_parent_and_a_sleep_waits_for_the_clock()
    {
        var pack = TaskDefinition.Create<int, string>("pack");
        var order = TaskDefinition.Create<int, string>("order");
        var woken = new List<DateTimeOffset>();
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection()
                .Add(pack, (number, _) => Task.FromResult($"box {number}"))
                .Add(order, async (number, context) =>
                {
                    var box = await context.InvokeAsync("pack", pack, number);
                    await context.SleepAsync("a week", TimeSpan.FromDays(7));
                    woken.Add(context.Now);
                    return box;
                }),
            cancellationToken: Token);
        var start = host.Clock.GetUtcNow();
        var handle = await host.Conductor.InvokeAsync(order, 7, cancellationToken: Token);

        await host.DrainAsync(cancellationToken: Token);
        await host.Executions.ShouldBeCompletedAsync((await host.Executions.SingleAsync(pack, Token)).Id, Token);
        Assert.Empty(woken);
        Assert.Equal(start + TimeSpan.FromDays(7), await host.AdvanceToNextAsync(Token));
        await host.DrainAsync(cancellationToken: Token);

        Assert.Single(woken);
        Assert.Equal("\"box 7\"", (await host.Executions.ShouldBeCompletedAsync(handle.Id, Token)).Result!.Value.GetRawText());
        await host.Executions.ShouldBeNoneLeftAsync(cancellationToken: Token);
    }

    [Fact]
    public async Task The_clock_does_not_wait_for_a_step_that_moves_it_in_its_transaction()
    {
        var job = TaskDefinition.Create<int>("job");
        ConductorTestHost? host = null;
        host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(job, (_, context) => context.TransactionStepAsync("move", async transaction =>
            {
                await host!.Clock.AdvanceAsync(TimeSpan.FromHours(1), context.CancellationToken);
                await context.Conductor.InvokeAsync("later", System.Text.Json.JsonElement.Parse("1"), transaction: transaction, cancellationToken: context.CancellationToken);
            })),
            cancellationToken: Token);
        await using var owned = host;
        var handle = await host.Conductor.InvokeAsync(job, 1, cancellationToken: Token);

        await handle.WaitAsync(TimeSpan.FromSeconds(30), Token);

        Assert.Equal(new ConductorTestHostOptions().Start + TimeSpan.FromHours(1), host.Clock.GetUtcNow());
        Assert.Equal(2, (await host.Executions.ListAsync(cancellationToken: Token)).Count);
    }

    [Fact]
    public async Task A_schedule_runs_at_each_of_its_ticks_by_the_clock()
    {
        var report = TaskDefinition.Create<string>("report");
        var at = new List<DateTimeOffset>();
        ConductorTestHost? host = null;
        var options = new ConductorTestHostOptions();
        host = await ConductorTestHost.StartAsync(
            new TaskCollection()
                .Add(report, (_, _) =>
                {
                    at.Add(host!.Clock.GetUtcNow());
                    return Task.CompletedTask;
                })
                .Schedule("nightly", report, "sales", "30 2 * * *"),
            options with { Orchestrator = options.Orchestrator with { Service = "shop" } },
            Token);
        await using var owned = host;

        await host.RunUntilIdleAsync(TimeSpan.FromDays(3), cancellationToken: Token);

        Assert.Equal(["2030-01-03 02:30", "2030-01-04 02:30", "2030-01-05 02:30"], at.Select(time => $"{time:yyyy-MM-dd HH:mm}"));
        await host.Executions.ShouldBeNoneLeftAsync(cancellationToken: Token);
    }

    [Fact]
    public async Task A_subscribed_task_is_started_by_an_event()
    {
        var mail = TaskDefinition.Create<int>("mail");
        var options = new ConductorTestHostOptions();
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(mail, (_, _) => Task.CompletedTask).Subscribe(mail, EventSubscription.To("paid")),
            options with { Orchestrator = options.Orchestrator with { Service = "shop" } },
            Token);

        await host.Conductor.EmitAsync("paid", 7, cancellationToken: Token);
        await host.DrainAsync(cancellationToken: Token);

        await host.Executions.ShouldBeCompletedAsync((await host.Executions.SingleAsync(mail, Token)).Id, Token);
    }
}
