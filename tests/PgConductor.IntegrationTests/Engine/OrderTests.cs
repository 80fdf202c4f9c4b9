using System.Collections.Concurrent;
using System.Text.Json;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

public sealed class OrderTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    [Fact]
    public async Task Higher_priorities_run_first_and_equal_ones_in_the_order_given()
    {
        await using var engine = await TestEngine.CreateAsync();
        var items = Enumerable.Range(0, 300).Select(number =>
            new InvokeItem("job", JsonSerializer.SerializeToElement(number), new InvokeOptions { Priority = ((number * 7) % 5) - 2 })).ToArray();
        await engine.Conductor.InvokeManyAsync(items, cancellationToken: TestEngine.Token);
        var order = new ConcurrentQueue<int>();

        await engine.New(
            new TaskCollection().Add(_job, (number, _) =>
            {
                order.Enqueue(number);
                return Task.CompletedTask;
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = 1 } }).DrainAsync(TestEngine.Token);

        Assert.Equal(Enumerable.Range(0, 300).OrderByDescending(number => ((number * 7) % 5) - 2).ThenBy(number => number), order);
    }

    [Fact]
    public async Task A_delayed_one_waits_for_its_time_and_then_starts_soon()
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = new TaskCompletionSource<DateTimeOffset>();
        await engine.StartAsync(new TaskCollection().Add(_job, (_, _) =>
        {
            started.SetResult(DateTimeOffset.UtcNow);
            return Task.CompletedTask;
        }));
        var due = DateTimeOffset.UtcNow.AddSeconds(3);
        var handle = await engine.Conductor.InvokeAsync(_job, 1, new InvokeOptions { RunAt = due }, cancellationToken: TestEngine.Token);
        Assert.Equal(ExecutionState.Scheduled, (await handle.GetAsync(TestEngine.Token))!.State);

        var at = await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        // Two seconds are the longest pause between two looks; the rest is a slow machine's.
        Assert.InRange((at - due).TotalSeconds, 0, 8);
    }
}
