using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Shutdown;

public sealed class DrainTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");
    private static readonly TaskDefinition<int, NoResult> _other = TaskDefinition.Create<int>("other", new TaskOptions { Queue = "other" });

    [Fact]
    public async Task An_empty_queue_is_drained_at_once()
    {
        await using var engine = await TestEngine.CreateAsync();
        var ran = 0;
        var orchestrator = engine.New(new TaskCollection().Add(_job, (_, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.CompletedTask;
        }));

        await orchestrator.DrainAsync(TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        Assert.Equal(0, ran);
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
    }

    [Fact]
    public async Task One_drain_follows_chains_across_queues_and_leaves_what_is_due_later()
    {
        await using var engine = await TestEngine.CreateAsync();
        var ran = 0;
        var tasks = new TaskCollection()
            .Add(_job, async (number, context) =>
            {
                Interlocked.Increment(ref ran);
                if (number > 0)
                {
                    await context.Conductor.InvokeAsync(_other, number - 1);
                }
            })
            .Add(_other, async (number, context) =>
            {
                Interlocked.Increment(ref ran);
                if (number > 0)
                {
                    await context.Conductor.InvokeAsync(_job, number - 1);
                }
            });
        await engine.Conductor.InvokeAsync(_job, 99, cancellationToken: TestEngine.Token);
        var later = await engine.Conductor.InvokeAsync(_job, 0, new InvokeOptions { RunAt = DateTimeOffset.UtcNow.AddHours(1) }, cancellationToken: TestEngine.Token);

        await engine.New(tasks).DrainAsync(TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        Assert.Equal(100, ran);
        Assert.Equal(100, await engine.CountAsync("completed_executions"));
        Assert.Equal(ExecutionState.Scheduled, (await later.GetAsync(TestEngine.Token))!.State);
    }

    /// <summary>N22, limits. Thousands of a key whose slot another process holds lie in front, and have to be moved out of the way first.</summary>
    [Fact]
    public async Task A_drain_finds_what_lies_behind_a_key_that_another_process_holds()
    {
        await using var engine = await TestEngine.CreateAsync();
        var limited = TaskDefinition.Create<Order>("limited", new TaskOptions { Limits = new TaskLimits { Key = "customer", ConcurrencyPerKey = 1 } });
        var started = new TaskCompletionSource();
        var end = new TaskCompletionSource();
        await engine.StartAsync(
            new TaskCollection().Add(limited, (_, _) =>
            {
                started.TrySetResult();
                return end.Task;
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = 1 } },
            engine.NewConductor());
        await engine.Conductor.InvokeAsync(limited, new Order("busy"), cancellationToken: TestEngine.Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        await engine.Conductor.InvokeManyAsync(limited, Enumerable.Repeat(new Order("busy"), 5000).Concat(Enumerable.Repeat(new Order("free"), 20)), cancellationToken: TestEngine.Token);

        var ran = 0;
        var drained = engine.New(
            new TaskCollection().Add(limited, (order, _) =>
            {
                Assert.Equal("free", order.Customer);
                Interlocked.Increment(ref ran);
                return Task.CompletedTask;
            }),
            conductor: engine.NewConductor());
        await drained.DrainAsync(TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(120), TestEngine.Token);

        Assert.Equal(20, ran);
        Assert.Equal(5000, await engine.CountAsync("executions"));
        end.SetResult();
    }

    [Fact]
    public async Task A_drain_leaves_what_a_rate_holds_back()
    {
        await using var engine = await TestEngine.CreateAsync();
        var ran = 0;
        var task = TaskDefinition.Create<int>("rated", new TaskOptions { Limits = new TaskLimits { Rate = new RateLimit(3, TimeSpan.FromHours(1)) } });
        await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 10), cancellationToken: TestEngine.Token);

        await engine.New(new TaskCollection().Add(task, (_, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.CompletedTask;
        })).DrainAsync(TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        Assert.Equal(3, ran);
        Assert.Equal(7, await engine.CountAsync("executions"));
    }

    [Fact]
    public async Task A_drain_that_is_asked_to_stop_stops()
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = new TaskCompletionSource();
        var orchestrator = engine.New(
            new TaskCollection().Add(_job, async (_, context) =>
            {
                started.TrySetResult();
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }),
            options => options with { DrainTimeout = TimeSpan.Zero });
        await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        var draining = orchestrator.DrainAsync(TestEngine.Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        await engine.Conductor.StopOrchestratorAsync(orchestrator.Id, cancellationToken: TestEngine.Token);

        await draining.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        Assert.Equal(1, await engine.CountAsync("executions", "attempts = 0"));
    }

    private sealed record Order(string Customer);
}
