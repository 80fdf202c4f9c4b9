using System.Diagnostics;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Steps;

/// <summary>How a child is enqueued, how long it lives, and what is started without waiting for it.</summary>
public sealed class ChildOptionTests
{
    private static readonly TaskDefinition<int, int> _parent = TaskDefinition.Create<int, int>("parent", new TaskOptions { Backoff = [TimeSpan.Zero], MaxAttempts = 3 });
    private static readonly TaskDefinition<int, int> _quick = TaskDefinition.Create<int, int>("quick");
    private static readonly TaskDefinition<int, NoResult> _stuck = TaskDefinition.Create<int>("stuck");

    [Fact]
    public async Task A_child_is_enqueued_as_its_options_say()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Conductor.CreateQueueAsync("elsewhere", cancellationToken: TestEngine.Token);
        await engine.StartAsync(new TaskCollection().Add(_parent, (payload, context) =>
            context.InvokeAsync("c", _quick, payload, new ChildOptions { Delay = TimeSpan.FromHours(1), Priority = 7, Queue = "elsewhere", MaxAttempts = 2 })));
        var handle = await engine.Conductor.InvokeAsync(_parent, 5, cancellationToken: TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Waiting);

        var child = (await engine.Conductor.GetAsync((await engine.Conductor.GetStepsAsync(handle.Id, TestEngine.Token))[0].ChildId!.Value, TestEngine.Token))!;

        Assert.Equal(("quick", "elsewhere", 7, 2, ExecutionState.Scheduled), (child.TaskKey, child.Queue, child.Priority, child.MaxAttempts, child.State));
        Assert.InRange(child.RunAt!.Value - child.CreatedAt, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));
        Assert.Equal(5, child.Payload!.Value.GetInt32());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_parent_that_ends_cancels_the_children_that_still_run_but_not_the_detached(bool completes)
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection()
            .Add(_quick, (payload, _) => Task.FromResult(payload))
            .Add(_stuck, (_, context) => Task.Delay(Timeout.Infinite, context.CancellationToken))
            .Add(_parent, async (payload, context) =>
            {
                var kept = context.InvokeAsync("kept", _stuck, 1, new ChildOptions { Detached = true });
                var left = context.InvokeAsync("left", _stuck, 2);
                await Task.WhenAny(kept, left, context.InvokeAsync("first", _quick, payload));
                return completes ? 1 : throw new NonRetryableException("enough");
            }));

        var handle = await engine.Conductor.InvokeAsync(_parent, 5, cancellationToken: TestEngine.Token);

        await engine.IsAsync(handle.Id, completes ? ExecutionState.Completed : ExecutionState.Failed);
        await Eventually.IsTrue(async () => await engine.CountAsync("failed_executions", "task_key = 'stuck' and cancelled and reason like '%its parent%'") == 1, "the one that it left is cancelled");
        var children = await engine.Conductor.ListAsync(new ExecutionQuery { TaskKey = "stuck" }, TestEngine.Token);
        Assert.Equal([ExecutionState.Running, ExecutionState.Cancelled], children.Select(child => child.State).Order());
    }

    /// <summary>A heartbeat cancels fifty; the next one, twenty seconds later, must not be waited for.</summary>
    [Fact]
    public async Task The_children_of_a_cancelled_parent_are_cancelled_at_once_however_many_they_are()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(
            new TaskCollection().Add(_parent, async (_, context) => (await context.InvokeAllAsync("all", _quick, Enumerable.Range(0, 300), new ChildOptions { Delay = TimeSpan.FromHours(1) })).Sum()),
            options => options with { Heartbeat = TimeSpan.FromSeconds(20), Takeover = TimeSpan.FromMinutes(2) });
        var handle = await engine.Conductor.InvokeAsync(_parent, 5, cancellationToken: TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Waiting);
        Assert.Equal(300, await engine.CountAsync("executions", "task_key = 'quick'"));
        var clock = Stopwatch.StartNew();

        await handle.CancelAsync("enough", TestEngine.Token);

        await Eventually.IsTrue(async () => await engine.CountAsync("failed_executions", "task_key = 'quick' and cancelled") == 300, "all are cancelled");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(19), $"it took {clock.Elapsed}");
    }

    [Fact]
    public async Task What_a_step_enqueues_is_enqueued_once_and_outlives_its_starter()
    {
        await using var engine = await TestEngine.CreateAsync();
        var starts = 0;
        await engine.StartAsync(new TaskCollection().Add(_parent, async (payload, context) =>
        {
            await context.TransactionStepAsync("start", transaction =>
            {
                Interlocked.Increment(ref starts);
                return context.Conductor.InvokeAsync(_stuck, payload, transaction: transaction);
            });
            return context.Attempt == 1 ? throw new InvalidOperationException("after the step") : throw new NonRetryableException("for good");
        }));

        var handle = await engine.Conductor.InvokeAsync(_parent, 5, cancellationToken: TestEngine.Token);

        await engine.IsAsync(handle.Id, ExecutionState.Failed);
        var started = Assert.Single(await engine.Conductor.ListAsync(new ExecutionQuery { TaskKey = "stuck" }, TestEngine.Token));
        Assert.Equal((ExecutionState.Ready, null, 1), (started.State, started.ParentId, starts));
    }
}
