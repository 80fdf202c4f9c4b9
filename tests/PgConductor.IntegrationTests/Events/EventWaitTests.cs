using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Events;

/// <summary>Executions that wait for events.</summary>
public sealed class EventWaitTests
{
    private static readonly TaskDefinition<int, string> _task = TaskDefinition.Create<int, string>("job", new TaskOptions { Backoff = [TimeSpan.Zero] });

    private sealed record Paid(int Order, decimal Amount);

    [Fact]
    public async Task A_hundred_waiters_get_the_event_of_their_match_without_slot_or_attempt()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_task, async (payload, context) =>
        {
            var paid = await context.WaitForEventAsync<Paid>("paid", "order.paid", payload < 100 ? null : EventFilter.Containing(new JsonObject { ["order"] = payload }));
            await context.SleepAsync("nap", TimeSpan.FromMilliseconds(50));
            return $"{paid.Payload!.Order} {context.Attempt} {paid.TimedOut}";
        }));
        var ids = await engine.Conductor.InvokeManyAsync(_task, Enumerable.Range(0, 102), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(async () => await engine.CountAsync("steps", "kind = 'event' and finished_at is null") == 102, "all wait");
        Assert.Equal(0, await engine.CountAsync("leases"));
        Assert.Equal(ExecutionState.Waiting, (await engine.Conductor.GetAsync(ids[0], TestEngine.Token))!.State);

        await engine.Conductor.EmitAsync("order.lost", new Paid(1, 1), cancellationToken: TestEngine.Token);
        await engine.Conductor.EmitAsync("order.paid", new Paid(101, 9.5m), cancellationToken: TestEngine.Token);
        for (var n = 0; n < 100; n++)
        {
            Assert.Equal("101 1 False", await engine.Conductor.GetHandle<string>(ids[n]).WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        }

        Assert.Equal("101 1 False", await engine.Conductor.GetHandle<string>(ids[101]).WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        Assert.Equal(ExecutionState.Waiting, (await engine.Conductor.GetAsync(ids[100], TestEngine.Token))!.State);

        Assert.Equal(CancelOutcome.Cancelled, await engine.Conductor.CancelAsync(ids[100], cancellationToken: TestEngine.Token));
        Assert.Equal(0, await engine.CountAsync("steps"));
        Assert.Equal(0, await engine.CountAsync("events"));
    }

    [Fact]
    public async Task A_wait_that_times_out_says_so_in_every_run()
    {
        await using var engine = await TestEngine.CreateAsync();
        var runs = new ConcurrentQueue<string>();
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            var outcome = await context.WaitForEventAsync<Paid>("paid", "order.paid", timeout: TimeSpan.FromMilliseconds(200));
            runs.Enqueue($"{outcome.TimedOut} {outcome.Payload}");
            await context.StepAsync("late", () => context.Conductor.EmitAsync("order.paid", new Paid(1, 1)));
            await context.SleepAsync("nap", TimeSpan.FromMilliseconds(50));
            return "done";
        }));
        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);

        Assert.Equal("done", await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        Assert.Equal(["True ", "True "], runs);
        Assert.Equal(1, (await handle.GetAsync(TestEngine.Token))!.Attempts);
    }

    [Fact]
    public async Task What_is_expected_before_the_question_is_asked_is_never_missed()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_task, async (payload, context) =>
        {
            var answer = await context.ExpectEventAsync<string>("answer", $"answer/{payload}");
            await context.StepAsync("ask", () => context.Conductor.EmitAsync($"answer/{payload}", $"to {payload}"));
            await context.SleepAsync("nap", TimeSpan.FromMilliseconds(20));
            return (await answer.WaitAsync()).Payload!;
        }));
        var ids = await engine.Conductor.InvokeManyAsync(_task, Enumerable.Range(0, 20), cancellationToken: TestEngine.Token);
        for (var n = 0; n < 20; n++)
        {
            Assert.Equal($"to {n}", await engine.Conductor.GetHandle<string>(ids[n]).WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        }
    }

    [Fact]
    public async Task A_match_that_cannot_be_read_fails_the_execution_and_names_it()
    {
        await using var engine = await TestEngine.CreateAsync();
        var once = TaskDefinition.Create<int, string>("once", new TaskOptions { MaxAttempts = 1 });
        await engine.StartAsync(new TaskCollection().Add(once, async (payload, context) =>
            payload == 0
                ? (await context.WaitForEventAsync<string>("w", "k", EventFilter.Matching("$.amount >"))).Payload!
                : (await (await context.ExpectEventAsync<string>("w", "k", EventFilter.Matching("$.amount"))).WaitAsync()).Payload!));
        var waits = await engine.Conductor.InvokeAsync(once, 0, cancellationToken: TestEngine.Token);
        var expects = await engine.Conductor.InvokeAsync(once, 1, cancellationToken: TestEngine.Token);

        await engine.IsAsync(waits.Id, ExecutionState.Failed);
        await engine.IsAsync(expects.Id, ExecutionState.Failed);
        Assert.Contains("$.amount >", (await waits.GetAsync(TestEngine.Token))!.Reason, StringComparison.Ordinal);
        Assert.Contains("$.amount", (await expects.GetAsync(TestEngine.Token))!.Reason, StringComparison.Ordinal);
    }
}
