using System.Collections.Concurrent;
using PgConductor.Database;
using PgConductor.TestSupport.InMemory;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>The pipeline as a whole: claim, run, record; its limits, its wakings, its end.</summary>
public sealed class WorkerTests
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("t");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everything_runs_once_and_is_recorded()
    {
        var ran = new ConcurrentBag<int>();
        await using var harness = new WorkerHarness().Add(_task, (number, _) =>
        {
            ran.Add(number);
            return Task.CompletedTask;
        });
        await harness.InvokeAsync(_task, 3000);
        var worker = await harness.StartAsync();

        await harness.UntilAsync(() => worker.EmptySweeps > 0 && worker.Load.IsQuiet, "all is done");

        Assert.Equal(Enumerable.Range(0, 3000), ran.Order());
        Assert.Equal(3000, await harness.CountAsync(ExecutionState.Completed));
        Assert.Empty(worker.KnownLeases);
    }

    [Fact]
    public async Task As_many_run_as_the_concurrency_says_and_a_free_slot_is_refilled_at_once()
    {
        var gates = new ConcurrentDictionary<int, TaskCompletionSource>();
        var running = 0;
        var most = 0;
        var started = 0;
        await using var harness = new WorkerHarness(new TestClock()).Add(_task, async (number, _) =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref running));
            var gate = gates.GetOrAdd(number, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

            // Last: who has started has a gate.
            Interlocked.Increment(ref started);
            await gate.Task;
            Interlocked.Decrement(ref running);
        });
        await harness.InvokeAsync(_task, 40);
        var worker = await harness.StartAsync(WorkerHarness.Still(4));
        await harness.UntilAsync(() => Volatile.Read(ref started) == 4, "four run");

        // The clock stands still, so no pause ends: only the end of a handler makes the next one start.
        for (var finished = 0; finished < 36; finished++)
        {
            gates[gates.Keys.First(number => !gates[number].Task.IsCompleted)].SetResult();
            var expected = finished + 5;
            await harness.UntilAsync(() => Volatile.Read(ref started) == expected, $"start {expected}");
        }

        Assert.Equal(4, Volatile.Read(ref most));
        Assert.Equal(4, worker.Load.Running);
        foreach (var gate in gates.Values)
        {
            gate.TrySetResult();
        }
    }

    [Fact]
    public async Task While_nothing_can_be_recorded_claiming_pauses_and_then_goes_on()
    {
        await using var harness = new WorkerHarness().Add(_task, (_, _) => Task.CompletedTask);
        await harness.InvokeAsync(_task, 3000);
        var block = harness.Database.Faults.Block(nameof(IDatabaseClient.ReturnAsync));
        var worker = await harness.StartAsync(new WorkerOptions { Concurrency = 2, MaxPrefetch = 10, MaxClaim = 10, FlushSize = 5 });

        await harness.UntilAsync(() => worker.Load.Unsent > 100 && worker.Load.Running == 0 && worker.Load.Buffered == 0, "claiming pauses");
        Assert.InRange(worker.Load.Unsent, 101, 160);
        Assert.InRange(await harness.CountAsync(ExecutionState.Ready), 2800, 2900);

        block.Dispose();
        await harness.UntilAsync(() => worker.EmptySweeps > 0 && worker.Load.IsQuiet, "all is done");
        Assert.Equal(3000, await harness.CountAsync(ExecutionState.Completed));
    }

    [Fact]
    public async Task A_hint_wakes_an_idle_worker()
    {
        var ran = new TaskCompletionSource();
        await using var harness = new WorkerHarness().Add(_task, (_, _) =>
        {
            ran.TrySetResult();
            return Task.CompletedTask;
        });
        var worker = await harness.StartAsync(WorkerHarness.Still(1));
        await using var listener = await harness.Database.ListenAsync(harness.Id, ["default"], _ => worker.Wake(), Token);
        await harness.UntilAsync(() => worker.EmptySweeps >= 2, "it said that it is idle and looked once more");

        await harness.InvokeAsync(_task, 1);

        await ran.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Fact]
    public async Task Work_of_before_the_worker_said_idle_is_found_by_the_look_after_it()
    {
        var ran = new TaskCompletionSource();
        await using var harness = new WorkerHarness().Add(_task, (_, _) =>
        {
            ran.TrySetResult();
            return Task.CompletedTask;
        });
        var idle = harness.Database.Faults.Block(nameof(IDatabaseClient.SetIdleAsync));
        await harness.StartAsync(WorkerHarness.Still(1));
        await idle.Entered;
        await harness.InvokeAsync(_task, 1);
        idle.Dispose();

        await ran.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Fact]
    public async Task Without_hints_polling_finds_the_work()
    {
        var ran = new TaskCompletionSource();
        await using var harness = new WorkerHarness().Add(_task, (_, _) =>
        {
            ran.TrySetResult();
            return Task.CompletedTask;
        });
        var worker = await harness.StartAsync(new WorkerOptions { MaxPollInterval = TimeSpan.FromHours(1) }, listens: false);
        await harness.UntilAsync(() => worker.EmptySweeps > 5, "it is idle");

        await harness.InvokeAsync(_task, 1);

        await ran.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal(0, harness.Database.Faults.Calls(nameof(IDatabaseClient.SetIdleAsync)));
    }

    [Fact]
    public async Task Work_of_later_is_found_when_it_is_due()
    {
        var clock = new TestClock();
        var ran = new TaskCompletionSource();
        await using var harness = new WorkerHarness(clock).Add(_task, (_, _) =>
        {
            ran.TrySetResult();
            return Task.CompletedTask;
        });
        await harness.InvokeAsync(_task, 1, new InvokeOptions { RunAt = clock.GetUtcNow() + TimeSpan.FromSeconds(20) });
        var worker = await harness.StartAsync(WorkerHarness.Still(1));

        // Both wait for the clock: the flusher, and the fetcher for the time at which the work is due.
        await harness.UntilAsync(() => worker.EmptySweeps >= 2 && clock.ActiveTimers == 2, "it waits");

        clock.Advance(TimeSpan.FromSeconds(19.9));
        Assert.False(ran.Task.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(0.2));
        await ran.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Fact]
    public async Task Fast_handlers_are_claimed_by_hundreds_and_slow_ones_one_for_one()
    {
        var slow = TaskDefinition.Create<int>("slow");
        var mostBuffered = 0;
        WorkerHarness? self = null;
        await using var harness = self = new WorkerHarness()
            .Add(_task, (_, _) => Task.CompletedTask)
            .Add(slow, async (_, _) =>
            {
                InterlockedMax(ref mostBuffered, self!.Worker.Load.Buffered);
                await Task.Delay(100, Token);
            });
        await harness.InvokeAsync(_task, 20_000);
        var worker = await harness.StartAsync();
        await harness.UntilAsync(() => worker.EmptySweeps > 0 && worker.Load.IsQuiet, "the fast are done");

        // One for one they would be 2,000 or more, ten slots at a time; how few they are depends on the machine.
        Assert.InRange(harness.Database.Faults.Calls(nameof(IDatabaseClient.ClaimAsync)), 20, 1500);

        await harness.InvokeAsync(slow, 80);
        worker.Wake();
        await harness.UntilAsync(() => worker.Load.Finished == 20_080, "the slow are done");

        // At most what is just about to start, and the two that ten slots finish in 25 ms.
        Assert.InRange(Volatile.Read(ref mostBuffered), 0, 12);
    }

    [Fact]
    public async Task What_waits_here_for_too_long_is_handed_back()
    {
        var slow = TaskDefinition.Create<int>("slow");
        var gate = new TaskCompletionSource();
        var slowStarted = 0;
        await using var harness = new WorkerHarness().Add(_task, (_, _) => Task.CompletedTask).Add(slow, (_, _) =>
        {
            Interlocked.Increment(ref slowStarted);
            return gate.Task;
        });
        await harness.InvokeAsync(_task, 2000, new InvokeOptions { Priority = 1 });
        var ids = await harness.InvokeAsync(slow, 30);
        var worker = await harness.StartAsync(new WorkerOptions { Concurrency = 2, PrefetchTime = TimeSpan.FromSeconds(10), MaxClaim = 100 });

        // All of them, or a claim under way would bring more after the others are back.
        await harness.UntilAsync(() => Volatile.Read(ref slowStarted) == 2 && worker.Load.Buffered == 28, "the others wait behind the slow");
        await harness.Database.PauseQueueAsync("default", Token);

        worker.HandBackStale(TimeSpan.FromHours(1));
        Assert.True(worker.Load.Buffered > 0);
        worker.HandBackStale(TimeSpan.Zero);

        await harness.UntilAsync(() => worker.Load.Buffered == 0 && worker.Load.Unsent == 0, "they are back");
        Assert.True(harness.Log.Has(1206));
        var states = await Task.WhenAll(ids.Select(harness.GetAsync));
        Assert.Equal(2, states.Count(info => info.State == ExecutionState.Running));
        Assert.Equal(28, states.Count(info => info is { State: ExecutionState.Ready, Attempts: 0 }));
        gate.SetResult();
    }

    [Fact]
    public async Task Stopping_hands_back_what_has_not_started_and_finishes_what_has()
    {
        var slow = TaskDefinition.Create<int>("slow");
        var gate = new TaskCompletionSource();
        var slowStarted = 0;
        await using var harness = new WorkerHarness().Add(_task, (_, _) => Task.CompletedTask).Add(slow, (_, _) =>
        {
            Interlocked.Increment(ref slowStarted);
            return gate.Task;
        });
        await harness.InvokeAsync(_task, 2000, new InvokeOptions { Priority = 1 });
        await harness.InvokeAsync(slow, 30);
        var worker = await harness.StartAsync(new WorkerOptions { Concurrency = 2, PrefetchTime = TimeSpan.FromSeconds(10), MaxClaim = 100 });
        await harness.UntilAsync(() => Volatile.Read(ref slowStarted) == 2 && worker.Load.Buffered > 0, "some wait behind the slow");

        await worker.StopClaimingAsync();
        Assert.False(await worker.WaitForHandlersAsync(TimeSpan.Zero, Token));
        Assert.Equal(0, worker.Load.Buffered);
        gate.SetResult();
        Assert.True(await worker.WaitForHandlersAsync(TimeSpan.FromSeconds(30), Token));
        Assert.Equal(0, await worker.StopAsync(TimeSpan.FromSeconds(30)));

        Assert.Equal((2002, 28), (await harness.CountAsync(ExecutionState.Completed), await harness.CountAsync(ExecutionState.Ready)));
        Assert.Equal(0, worker.Load.Unsent);
        Assert.Equal(0, await harness.Database.ShutdownAsync(harness.Id, Token));
    }

    [Fact]
    public async Task A_claim_under_way_when_the_worker_stops_is_handed_back_too()
    {
        await using var harness = new WorkerHarness().Add(_task, (_, _) => Task.CompletedTask);
        var ids = await harness.InvokeAsync(_task, 3);
        var reply = harness.Database.Faults.Block(nameof(IDatabaseClient.ClaimAsync), afterwards: true);
        var worker = await harness.StartAsync();
        await reply.Entered;

        var stopping = worker.StopClaimingAsync();
        reply.Dispose();
        await stopping;
        await worker.WaitForHandlersAsync(TimeSpan.FromSeconds(30), Token);
        await worker.StopAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(0, await harness.Database.ShutdownAsync(harness.Id, Token));
        Assert.All(await Task.WhenAll(ids.Select(harness.GetAsync)), info => Assert.Contains(info.State, new[] { ExecutionState.Ready, ExecutionState.Completed }));
    }

    [Fact]
    public async Task A_claim_that_never_answers_does_not_hold_up_the_stop()
    {
        var clock = new TestClock();
        await using var harness = new WorkerHarness(clock).Add(_task, (_, _) => Task.CompletedTask);
        var reply = harness.Database.Faults.Block(nameof(IDatabaseClient.ClaimAsync));
        var worker = await harness.StartAsync();
        await reply.Entered;

        var stopping = worker.StopClaimingAsync();
        await harness.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return stopping.IsCompleted;
            },
            "the claim is given up");
        await stopping;
    }

    [Fact]
    public async Task After_a_takeover_late_results_are_rejected_and_what_runs_is_cancelled()
    {
        var cancelled = new TaskCompletionSource();
        var finish = new TaskCompletionSource();
        await using var harness = new WorkerHarness().Add(_task, async (number, context) =>
        {
            if (number == 0)
            {
                await finish.Task;
                return;
            }

            context.CancellationToken.Register(() => cancelled.TrySetResult());
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        });
        var ids = await harness.InvokeAsync(_task, 2);
        var worker = await harness.StartAsync(new WorkerOptions { Concurrency = 2 });
        await harness.UntilAsync(() => worker.Load.Running == 2, "both run");
        await harness.Database.PauseQueueAsync("default", Token);
        await harness.Database.RecoverAsync(TimeSpan.Zero, Token);

        finish.SetResult();

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        await harness.UntilAsync(() => worker.Load.IsQuiet && !worker.KnownLeases.Any(), "nothing is in hand");
        Assert.True(harness.Log.Has(1205));
        Assert.All(await Task.WhenAll(ids.Select(harness.GetAsync)), info => Assert.Equal((ExecutionState.Ready, 1), (info.State, info.Attempts)));
    }

    [Fact]
    public async Task Fenced_everything_in_hand_is_given_up_and_nothing_of_it_is_sent()
    {
        await using var harness = new WorkerHarness().Add(_task, (_, context) => Task.Delay(Timeout.Infinite, context.CancellationToken));
        await harness.InvokeAsync(_task, 5);
        var worker = await harness.StartAsync(new WorkerOptions { Concurrency = 5 });
        await harness.UntilAsync(() => worker.Load.Running == 5, "all run");
        await harness.Database.PauseQueueAsync("default", Token);

        worker.Fence();

        await harness.UntilAsync(() => worker.Load.IsQuiet, "nothing is in hand");
        Assert.Empty(worker.KnownLeases);
        Assert.Equal(0, harness.Database.Faults.Calls(nameof(IDatabaseClient.ReturnAsync)));
    }

    [Fact]
    public async Task Whoever_is_not_registered_any_more_says_so_and_goes_on_after_registering()
    {
        await using var harness = new WorkerHarness().Add(_task, (_, _) => Task.CompletedTask);
        harness.Database.Faults.FailNext(nameof(IDatabaseClient.ClaimAsync), ServerErrors.Of("57P01"));
        harness.Database.Faults.FailNext(nameof(IDatabaseClient.ClaimAsync), ServerErrors.Of("PC001"));
        var ids = await harness.InvokeAsync(_task, 1);
        await harness.StartAsync();

        await harness.UntilAsync(ids[0], ExecutionState.Completed);

        Assert.Equal(1, harness.Fenced);
        Assert.Equal(2, harness.Log.Entries.Count(entry => entry.Id == 1202));
    }

    [Fact]
    public async Task A_stop_survives_a_database_that_is_away()
    {
        await using var harness = new WorkerHarness().Add(_task, (_, _) => Task.CompletedTask);
        var worker = await harness.StartAsync(WorkerHarness.Still(1));
        await harness.UntilAsync(() => worker.EmptySweeps >= 2, "it is idle");
        harness.Database.Faults.FailNext(nameof(IDatabaseClient.SetIdleAsync), new InvalidOperationException("away"), times: 100);

        await worker.StopClaimingAsync();

        Assert.Equal(0, await worker.StopAsync(TimeSpan.FromSeconds(30)));
    }

    internal static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen; seen = Volatile.Read(ref target))
        {
            if (Interlocked.CompareExchange(ref target, value, seen) == seen)
            {
                return;
            }
        }
    }
}
