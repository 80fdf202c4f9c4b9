using System.Collections.Concurrent;
using System.Diagnostics;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Steps;

/// <summary>Sleeps and checkpoints: the execution leaves the process and comes back.</summary>
public sealed class WaitTests
{
    private static readonly TaskDefinition<int, int> _task = TaskDefinition.Create<int, int>("job", new TaskOptions { Backoff = [TimeSpan.Zero] });

    [Fact]
    public async Task A_sleep_costs_neither_slot_nor_attempt_and_is_slept_once()
    {
        await using var engine = await TestEngine.CreateAsync();
        var runs = new ConcurrentQueue<int>();
        var worker = new WorkerOptions { Concurrency = 1 };
        await engine.StartAsync(
            new TaskCollection().Add(_task, async (payload, context) =>
            {
                if (payload == 0)
                {
                    return 0;
                }

                runs.Enqueue(context.Attempt);
                await context.SleepAsync("nap", TimeSpan.FromSeconds(1.5));
                await context.SleepAsync("none", TimeSpan.Zero);
                await context.SleepUntilAsync("then", context.Now + TimeSpan.FromMilliseconds(300));
                return payload;
            }),
            options => options with { Worker = worker });
        var clock = Stopwatch.StartNew();
        var sleepers = await Task.WhenAll(Enumerable.Range(1, 5).Select(n => engine.Conductor.InvokeAsync(_task, n, cancellationToken: TestEngine.Token)));
        await Eventually.IsTrue(async () => await engine.CountAsync("executions", "run_at > now()") == 5, "all five sleep, one slot or not");
        Assert.Equal(ExecutionState.Scheduled, (await sleepers[0].GetAsync(TestEngine.Token))!.State);

        var quick = await engine.Conductor.InvokeAsync(_task, 0, cancellationToken: TestEngine.Token);
        await quick.WaitAsync(TimeSpan.FromSeconds(10), TestEngine.Token);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1.4) || (await sleepers[0].GetAsync(TestEngine.Token))!.State != ExecutionState.Completed);
        for (var n = 1; n <= 5; n++)
        {
            Assert.Equal(n, await sleepers[n - 1].WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        }

        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1.8), TimeSpan.FromSeconds(25));
        Assert.Equal(Enumerable.Repeat(1, 15), runs);
        Assert.Equal(1, (await sleepers[0].GetAsync(TestEngine.Token))!.Attempts);
    }

    [Fact]
    public async Task A_sleep_of_years_ends_when_the_clock_says_so()
    {
        var until = new DateTimeOffset(2040, 5, 6, 7, 8, 9, TimeSpan.Zero);
        await using var engine = await TestEngine.CreateAsync(options => At(options, until - TimeSpan.FromDays(3650)));
        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);
        var tasks = new TaskCollection().Add(_task, async (payload, context) =>
        {
            await context.SleepUntilAsync("years", until);
            return payload;
        });
        var first = await engine.StartAsync(tasks);
        await Eventually.IsTrue(async () => await engine.CountAsync("executions", "run_at = '2040-05-06 07:08:09+00'") == 1, "it sleeps");
        await first.StopAsync(TestEngine.Token);

        // Another process, ten years later but for a second; and then with it.
        await using (var early = engine.NewConductor(options => At(options, until - TimeSpan.FromSeconds(1))))
        {
            await using var second = new Orchestration.Orchestrator(early, tasks);
            await second.StartAsync(TestEngine.Token);
            await second.DrainAsync(TestEngine.Token);
            Assert.Equal(ExecutionState.Scheduled, (await early.GetAsync(handle.Id, TestEngine.Token))!.State);
        }

        await using var late = engine.NewConductor(options => At(options, until));
        await using var third = new Orchestration.Orchestrator(late, tasks);
        await third.StartAsync(TestEngine.Token);
        Assert.Equal(1, await late.GetHandle<int>(handle.Id).WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
    }

    [Fact]
    public async Task Catch_all_and_finally_do_not_see_a_wait()
    {
        await using var engine = await TestEngine.CreateAsync();
        var caught = 0;
        var ended = 0;
        await engine.StartAsync(new TaskCollection().Add(_task, async (payload, context) =>
        {
            try
            {
                await context.SleepAsync("nap", TimeSpan.FromMilliseconds(50));
                await context.StepAsync("a", () => Task.CompletedTask);
            }
            catch (Exception)
            {
                Interlocked.Increment(ref caught);
            }
            finally
            {
                Interlocked.Increment(ref ended);
            }

            return payload;
        }));

        Assert.Equal(3, await (await engine.Conductor.InvokeAsync(_task, 3, cancellationToken: TestEngine.Token)).WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        Assert.Equal((0, 1), (caught, ended));
    }

    [Fact]
    public async Task A_stopping_process_hands_an_execution_on_between_its_steps()
    {
        await using var engine = await TestEngine.CreateAsync();
        var inFirst = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ran = new ConcurrentQueue<string>();
        TaskCollection Tasks(string process) => new TaskCollection().Add(_task, async (payload, context) =>
        {
            for (var i = 0; i < 3; i++)
            {
                await context.StepAsync($"s{i}", async () =>
                {
                    ran.Enqueue($"{process}{i}");
                    inFirst.TrySetResult();
                    await go.Task;
                });
                await context.CheckpointAsync();
            }

            return payload;
        });
        var first = await engine.StartAsync(Tasks("a"));
        var handle = await engine.Conductor.InvokeAsync(_task, 5, cancellationToken: TestEngine.Token);
        await inFirst.Task.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token);

        var stopping = first.StopAsync(TestEngine.Token);
        await Eventually.IsTrue(() => first.Status.Phase == Orchestration.OrchestratorPhase.Stopping, "it is about to stop");
        go.SetResult();
        await stopping;
        Assert.Equal(ExecutionState.Ready, (await handle.GetAsync(TestEngine.Token))!.State);
        await engine.StartAsync(Tasks("b"), conductor: engine.NewConductor());

        Assert.Equal(5, await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        Assert.Equal(["a0", "b1", "b2"], ran);
        Assert.Equal(1, (await handle.GetAsync(TestEngine.Token))!.Attempts);
    }

    /// <summary>Neither a closed window (see WindowTests) nor a stop comes between it and the step before.</summary>
    [Fact]
    public async Task A_step_that_follows_at_once_is_run_by_the_process_that_stops()
    {
        await using var engine = await TestEngine.CreateAsync();
        var inFirst = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ran = new ConcurrentQueue<string>();
        TaskCollection Tasks(string process) => new TaskCollection().Add(_task, async (payload, context) =>
        {
            for (var i = 0; i < 3; i++)
            {
                await context.StepAsync(
                    $"s{i}",
                    async () =>
                    {
                        ran.Enqueue($"{process}{i}");
                        inFirst.TrySetResult();
                        await go.Task;
                    },
                    new StepOptions { FollowAtOnce = i == 1 });
            }

            return payload;
        });
        var first = await engine.StartAsync(Tasks("a"));
        var handle = await engine.Conductor.InvokeAsync(_task, 5, cancellationToken: TestEngine.Token);
        await inFirst.Task.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token);

        var stopping = first.StopAsync(TestEngine.Token);
        await Eventually.IsTrue(() => first.Status.Phase == Orchestration.OrchestratorPhase.Stopping, "it is about to stop");
        go.SetResult();
        await stopping;
        await engine.StartAsync(Tasks("b"), conductor: engine.NewConductor());

        Assert.Equal(5, await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        Assert.Equal(["a0", "a1", "b2"], ran);
    }

    private static ConductorOptions At(ConductorOptions options, DateTimeOffset now) => options with
    {
        ConnectionString = new Npgsql.NpgsqlConnectionStringBuilder(options.ConnectionString) { Options = $"-c pgconductor.fake_now={now.UtcDateTime:yyyy-MM-ddTHH:mm:ss}Z" }.ConnectionString,
    };
}
