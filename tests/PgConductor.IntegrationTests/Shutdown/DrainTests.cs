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
}
