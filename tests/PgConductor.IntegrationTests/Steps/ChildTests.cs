using System.Collections.Concurrent;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Steps;

/// <summary>Parents and children. N12 and N15 are here.</summary>
public sealed class ChildTests
{
    private static readonly TaskOptions _quick = new() { Backoff = [TimeSpan.Zero], MaxAttempts = 3 };
    private static readonly TaskDefinition<int, int> _parent = TaskDefinition.Create<int, int>("parent", _quick);
    private static readonly TaskDefinition<int, int> _child = TaskDefinition.Create<int, int>("child", new TaskOptions { MaxAttempts = 1, KeepCompleted = Retention.None });
    private static readonly TaskDefinition<int, NoResult> _stuck = TaskDefinition.Create<int>("stuck");

    [Fact]
    public async Task A_parent_gets_its_childs_result_and_is_in_its_first_attempt_still()
    {
        await using var engine = await TestEngine.CreateAsync();
        await StartAsync(engine, async (payload, context) => await context.InvokeAsync("c", _child, payload) + 1);

        var handle = await engine.Conductor.InvokeAsync(_parent, 20, cancellationToken: TestEngine.Token);

        Assert.Equal(41, await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        Assert.Equal(1, (await handle.GetAsync(TestEngine.Token))!.Attempts);
        await engine.IsDoneAsync();
        Assert.Equal((0, 0), (await engine.CountAsync("steps"), await engine.CountAsync("orphans")));
    }

    [Fact]
    public async Task Ten_children_one_by_one_and_ten_together_and_an_error_are_two_attempts()
    {
        await using var engine = await TestEngine.CreateAsync();
        var failed = 0;
        var children = 0;
        await StartAsync(
            engine,
            async (_, context) =>
            {
                var sum = 0;
                for (var i = 0; i < 10; i++)
                {
                    sum += await context.InvokeAsync($"one/{i}", _child, i);
                }

                sum += (await context.InvokeAllAsync("all", _child, Enumerable.Range(0, 10))).Sum();
                return Interlocked.Exchange(ref failed, 1) == 0 ? throw new FormatException("transient") : sum;
            },
            () => Interlocked.Increment(ref children));

        var handle = await engine.Conductor.InvokeAsync(_parent, 0, cancellationToken: TestEngine.Token);

        Assert.Equal(180, await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        Assert.Equal((2, 20), ((await handle.GetAsync(TestEngine.Token))!.Attempts, children));
    }

    [Fact]
    public async Task A_hundred_children_together_wake_their_parent_once()
    {
        await using var engine = await TestEngine.CreateAsync();
        var runs = 0;
        await StartAsync(engine, async (_, context) =>
        {
            Interlocked.Increment(ref runs);
            return (await context.InvokeAllAsync("all", _child, Enumerable.Range(0, 100))).Sum();
        });

        var handle = await engine.Conductor.InvokeAsync(_parent, 0, cancellationToken: TestEngine.Token);

        Assert.Equal(9900, await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        Assert.Equal(2, runs);
    }

    [Fact]
    public async Task Different_waits_awaited_together_are_parallel()
    {
        await using var engine = await TestEngine.CreateAsync();
        var gate = new Barrier(2);
        await StartAsync(
            engine,
            async (_, context) =>
            {
                await context.StepAsync("first", async () => await Task.Yield());
                var both = await Task.WhenAll(context.InvokeAsync("a", _child, 1), context.InvokeAsync("b", _child, 2));
                return both.Sum();
            },
            () => Assert.True(gate.SignalAndWait(TimeSpan.FromSeconds(20))));

        var handle = await engine.Conductor.InvokeAsync(_parent, 0, cancellationToken: TestEngine.Token);

        Assert.Equal(6, await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
    }

    [Fact]
    public async Task A_childs_failure_can_be_caught_and_is_the_same_in_every_run()
    {
        await using var engine = await TestEngine.CreateAsync();
        var seen = new ConcurrentQueue<string>();
        await StartAsync(engine, async (_, context) =>
        {
            try
            {
                return await context.InvokeAsync("c", _child, -1);
            }
            catch (ChildFailedException exception)
            {
                seen.Enqueue($"{exception.Failure} {exception.FailureType} {exception.Reason} {exception.ChildId}");
            }

            return await context.InvokeAsync("instead", _child, 4);
        });

        Assert.Equal(8, await (await engine.Conductor.InvokeAsync(_parent, 0, cancellationToken: TestEngine.Token)).WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));

        Assert.Equal(2, seen.Count);
        Assert.StartsWith("Failed System.ArgumentOutOfRangeException", Assert.Single(seen.Distinct()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Not_caught_it_fails_the_parent_for_good_and_a_retry_by_hand_starts_the_child_anew()
    {
        await using var engine = await TestEngine.CreateAsync();
        var attempts = 0;
        var works = false;
        await engine.StartAsync(new TaskCollection()
            .Add(_parent, async (payload, context) =>
            {
                Interlocked.Increment(ref attempts);
                return await context.InvokeAsync("c", _child, payload);
            })
            .Add(_child, (payload, _) => Volatile.Read(ref works) ? Task.FromResult(payload) : throw new NonRetryableException("broken")));
        var handle = await engine.Conductor.InvokeAsync(_parent, 9, cancellationToken: TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Failed);
        Assert.Contains("The child \"c\"", (await handle.GetAsync(TestEngine.Token))!.Reason, StringComparison.Ordinal);
        Assert.Equal(2, attempts);

        Volatile.Write(ref works, true);
        await engine.Conductor.RetryAsync(handle.Id, TestEngine.Token);

        Assert.Equal(9, await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
    }

    [Fact]
    public async Task A_child_that_takes_too_long_is_given_up_and_cancelled_and_the_next_one_is_started()
    {
        await using var engine = await TestEngine.CreateAsync();
        await StartAsync(engine, async (_, context) =>
        {
            var failure = await Assert.ThrowsAsync<ChildFailedException>(() => context.InvokeAsync("slow", _stuck, 1, new ChildOptions { Timeout = TimeSpan.FromMilliseconds(300) }));
            var all = await Assert.ThrowsAsync<ChildFailedException>(() => context.InvokeAllAsync("all", _stuck, [1, 2], new ChildOptions { Timeout = TimeSpan.FromMilliseconds(300) }));
            Assert.Equal((ChildFailure.TimedOut, ChildFailure.TimedOut, "all/0"), (failure.Failure, all.Failure, all.StepName));
            return await context.InvokeAsync("fallback", _child, 5);
        });

        Assert.Equal(10, await (await engine.Conductor.InvokeAsync(_parent, 0, cancellationToken: TestEngine.Token)).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        await Eventually.IsTrue(async () => await engine.CountAsync("failed_executions", "cancelled and task_key = 'stuck' and reason like '%no longer waits%'") == 3, "the three are cancelled", 60);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_parent_cancels_its_children_but_not_the_detached(bool served)
    {
        await using var engine = await TestEngine.CreateAsync();
        var tasks = new TaskCollection().Add(_parent, async (_, context) =>
        {
            await Task.WhenAll(context.InvokeAsync("a", _stuck, 1), context.InvokeAsync("b", _stuck, 2, new ChildOptions { Detached = true }));
            return 1;
        });
        await engine.StartAsync(served ? tasks.Add(_stuck, StuckAsync) : tasks);
        var handle = await engine.Conductor.InvokeAsync(_parent, 0, cancellationToken: TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Waiting);
        var children = (await engine.Conductor.GetStepsAsync(handle.Id, TestEngine.Token)).ToDictionary(step => step.Name, step => step.ChildId!.Value);
        Assert.Equal(handle.Id, (await engine.Conductor.GetAsync(children["a"], TestEngine.Token))!.ParentId);
        if (served)
        {
            await engine.IsAsync(children["a"], ExecutionState.Running);
            await engine.IsAsync(children["b"], ExecutionState.Running);
        }

        Assert.Equal(CancelOutcome.Cancelled, await handle.CancelAsync("enough", TestEngine.Token));

        await engine.IsAsync(children["a"], ExecutionState.Cancelled);
        Assert.Equal(served ? ExecutionState.Running : ExecutionState.Ready, (await engine.Conductor.GetAsync(children["b"], TestEngine.Token))!.State);
        Assert.Equal(0, await engine.CountAsync("steps", "finished_at is null"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_child_is_told_to_its_parent(bool pending)
    {
        await using var engine = await TestEngine.CreateAsync();
        await StartAsync(engine, async (_, context) =>
            (await Assert.ThrowsAsync<ChildFailedException>(() => context.InvokeAsync("a", _stuck, 1, new ChildOptions { Delay = pending ? TimeSpan.FromHours(1) : TimeSpan.Zero }))).Failure == ChildFailure.Cancelled ? 77 : 0);
        var handle = await engine.Conductor.InvokeAsync(_parent, 0, cancellationToken: TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Waiting);
        var child = (await engine.Conductor.GetStepsAsync(handle.Id, TestEngine.Token))[0].ChildId!.Value;

        await engine.IsAsync(child, pending ? ExecutionState.Scheduled : ExecutionState.Running);
        await engine.Conductor.CancelAsync(child, "not this one", TestEngine.Token);

        Assert.Equal(77, await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        await engine.IsDoneAsync();
    }

    [Fact]
    public async Task Parent_and_child_cancelled_at_once_leave_nothing_that_waits()
    {
        await using var engine = await TestEngine.CreateAsync();
        await StartAsync(engine, (_, context) => context.InvokeAsync("a", _child, 1, new ChildOptions { Delay = TimeSpan.FromHours(1) }));
        var parents = await engine.Conductor.InvokeManyAsync(_parent, Enumerable.Range(0, 20), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(async () => await engine.CountAsync("executions") == 40, "all parents wait for their children", 60);
        var children = new List<Guid>();
        foreach (var parent in parents)
        {
            children.Add((await engine.Conductor.GetStepsAsync(parent, TestEngine.Token))[0].ChildId!.Value);
        }

        await Task.WhenAll(parents.Concat(children).Select(id => engine.Conductor.CancelAsync(id, "all of it", TestEngine.Token)));

        await engine.IsDoneAsync();
        Assert.Equal(40, await engine.CountAsync("failed_executions"));
        Assert.Equal(0, await engine.CountAsync("steps", "finished_at is null"));
    }

    [Fact]
    public async Task A_drain_ends_when_parents_have_their_childrens_results_and_not_before()
    {
        await using var engine = await TestEngine.CreateAsync();
        var tasks = new TaskCollection()
            .Add(_parent, async (_, context) => (await context.InvokeAllAsync("all", _child, [1, 2, 3])).Sum() + await context.InvokeAsync("one", _child, 4))
            .Add(_child, async (payload, _) =>
            {
                await Task.Yield();
                return payload;
            });
        var ids = await engine.Conductor.InvokeManyAsync(_parent, Enumerable.Range(0, 50), cancellationToken: TestEngine.Token);

        await engine.New(tasks).DrainAsync(TestEngine.Token);

        Assert.Equal(50, await engine.CountAsync("completed_executions", "task_key = 'parent' and result = '10'"));
        Assert.Equal(ids.Count, await engine.CountAsync("completed_executions", "attempts = 1"));
    }

    [Fact]
    public async Task A_queue_that_does_not_exist_fails_the_parent_and_nobody_else()
    {
        await using var engine = await TestEngine.CreateAsync();
        await StartAsync(engine, async (payload, context) => await context.InvokeAsync("c", _child, payload, payload == 3 ? new ChildOptions { Queue = "nowhere" } : null));

        var ids = await engine.Conductor.InvokeManyAsync(_parent, Enumerable.Range(0, 10), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();
        Assert.Equal(9, await engine.CountAsync("completed_executions", "task_key = 'parent'"));
        Assert.Contains("nowhere", (await engine.Conductor.GetAsync(ids[3], TestEngine.Token))!.Reason, StringComparison.Ordinal);
    }

    private static async Task StuckAsync(int payload, TaskContext context) => await Task.Delay(Timeout.Infinite, context.CancellationToken);

    private static Task<Orchestration.Orchestrator> StartAsync(TestEngine engine, Func<int, TaskContext, Task<int>> parent, Action? onChild = null) =>
        engine.StartAsync(new TaskCollection()
            .Add(_parent, parent)
            .Add(_stuck, StuckAsync)
            .Add(_child, async (payload, _) =>
            {
                await Task.Run(() => onChild?.Invoke());
                return payload < 0 ? throw new ArgumentOutOfRangeException(nameof(payload)) : payload * 2;
            }));
}
