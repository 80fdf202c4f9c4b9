using System.Collections.Concurrent;
using PgConductor.Client;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>Batch tasks in a worker: how batches are gathered, and what becomes of each of their items.</summary>
public sealed class BatchWorkerTests
{
    private static readonly TimeSpan _long = TimeSpan.FromMinutes(5);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static TaskDefinition<int, NoResult> Define(int size, TimeSpan? wait = null, int maxAttempts = 5, TimeSpan? timeout = null) =>
        TaskDefinition.Create<int>("b", new TaskOptions { Batch = new BatchOptions { Size = size, Wait = wait ?? _long }, MaxAttempts = maxAttempts, Timeout = timeout });

    [Fact]
    public async Task A_full_batch_starts_at_once_and_the_rest_waits_its_time()
    {
        var sizes = new ConcurrentQueue<int>();
        var clock = new TestClock();
        var task = Define(4, TimeSpan.FromSeconds(30));
        await using var harness = new WorkerHarness(clock).AddBatch(task, batch =>
        {
            sizes.Enqueue(batch.Items.Count);
            return Task.CompletedTask;
        });
        await harness.InvokeAsync(task, 10);
        var worker = await harness.StartAsync(WorkerHarness.Still(2));

        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Completed) == 8, "two full batches");
        Assert.Equal([4, 4], sizes);
        Assert.False(worker.Load.IsQuiet);
        Assert.Equal(2, await harness.CountAsync(ExecutionState.Running));

        await harness.UntilAsync(
            async () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return await harness.CountAsync(ExecutionState.Completed) == 10;
            },
            "the first of the third has waited long enough");
        Assert.Equal([4, 4, 2], sizes);
        await harness.UntilAsync(() => worker.Load.IsQuiet && !worker.KnownLeases.Any(), "nothing is left in hand");
    }

    [Fact]
    public async Task What_comes_while_a_batch_is_open_fills_it_though_every_slot_is_taken()
    {
        var sizes = new ConcurrentQueue<int>();
        var gate = new TaskCompletionSource();
        var clock = new TestClock();
        var task = Define(3);
        await using var harness = new WorkerHarness(clock).AddBatch(task, async batch =>
        {
            sizes.Enqueue(batch.Items.Count);
            await gate.Task;
        });
        var worker = await harness.StartAsync(WorkerHarness.Still(1));
        await harness.InvokeAsync(task, 1);
        worker.Wake();
        await harness.UntilAsync(() => worker.Load.Buffered == 1, "one is open");
        await harness.InvokeAsync(task, 5);

        await harness.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(50));
                return sizes.Count == 1;
            },
            "the first batch runs, in the only slot");
        Assert.Equal([3], sizes);
        gate.SetResult();
        await harness.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(50));
                return sizes.Count == 2;
            },
            "and then the second");
        Assert.Equal([3, 3], sizes);
    }

    [Fact]
    public async Task Concurrency_counts_batches()
    {
        var running = 0;
        var most = 0;
        var gate = new TaskCompletionSource();
        var task = Define(5);
        await using var harness = new WorkerHarness(new TestClock()).AddBatch(task, async _ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await gate.Task;
            Interlocked.Decrement(ref running);
        });
        await harness.InvokeAsync(task, 30);
        await harness.StartAsync(WorkerHarness.Still(3));

        await harness.UntilAsync(() => Volatile.Read(ref running) == 3, "three batches run");
        Assert.Equal(15, await harness.CountAsync(ExecutionState.Ready));
        gate.SetResult();
        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Completed) == 30, "all");
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task Each_item_has_the_outcome_it_was_given_and_the_others_fail_with_the_error()
    {
        var task = TaskDefinition.Create<int, string>("b", new TaskOptions { Batch = new BatchOptions { Size = 6 }, MaxAttempts = 3, Backoff = [TimeSpan.FromHours(1)] });
        await using var harness = new WorkerHarness().AddBatch(task, batch =>
        {
            batch.Items[0].Complete("done");
            batch.Items[1].Fail(new NonRetryableException("never"));
            batch.Items[2].Cancel("not wanted");
            batch.Items[3].Fail(new InvalidOperationException("not now"));
            Assert.True(batch.Items[0].HasOutcome);
            Assert.Throws<InvalidOperationException>(() => batch.Items[0].Complete("twice"));
            Assert.Throws<InvalidOperationException>(() => batch.Items[2].Fail(new InvalidOperationException()));
            throw new TimeoutException("the whole");
        });
        var ids = await harness.InvokeAsync(task, 6);
        await harness.StartAsync();
        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Ready) + await harness.CountAsync(ExecutionState.Running) == 0, "all have an outcome");

        var infos = await Task.WhenAll(ids.Select(harness.GetAsync));
        Assert.Equal(
            [ExecutionState.Completed, ExecutionState.Failed, ExecutionState.Cancelled, ExecutionState.Scheduled, ExecutionState.Scheduled, ExecutionState.Scheduled],
            infos.Select(info => info.State));
        Assert.Equal("done", infos[0].Result!.Value.GetString());
        Assert.Equal(("never", "not wanted"), (infos[1].Reason, infos[2].Reason));
        Assert.Equal(["not now", "the whole", "the whole"], infos.Skip(3).Select(info => info.Errors!.Value[0].GetProperty("message").GetString()));
        Assert.Contains("batch", Assert.Single(harness.Log.Entries, entry => entry.Id == 1650).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_handler_throws_means_for_those_that_are_left_what_it_always_means()
    {
        foreach (var (error, state) in new (Exception, ExecutionState)[] { (new NonRetryableException("never"), ExecutionState.Failed), (new RetryAfterException(TimeSpan.FromHours(3), "busy"), ExecutionState.Scheduled) })
        {
            var task = Define(2);
            await using var harness = new WorkerHarness().AddBatch(task, batch =>
            {
                batch.Items[0].Complete();
                throw error;
            });
            var ids = await harness.InvokeAsync(task, 2);
            await harness.StartAsync();

            await harness.UntilAsync(ids[1], state);
            await harness.UntilAsync(ids[0], ExecutionState.Completed);
            var info = await harness.GetAsync(ids[1]);
            Assert.Equal(1, info.Attempts);
            if (state == ExecutionState.Scheduled)
            {
                Assert.InRange(info.RunAt!.Value - DateTimeOffset.UtcNow, TimeSpan.FromHours(2.9), TimeSpan.FromHours(3));
            }
        }
    }

    [Fact]
    public async Task An_items_token_that_ends_the_handler_fails_the_others()
    {
        var started = new TaskCompletionSource();
        var task = Define(3, maxAttempts: 1);
        await using var harness = new WorkerHarness().AddBatch(task, async batch =>
        {
            started.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, batch.Items[1].CancellationToken);
        });
        var ids = await harness.InvokeAsync(task, 3);
        var worker = await harness.StartAsync();
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        await harness.Conductor.CancelAsync(ids[1], "no more", Token);
        worker.Cancel(ids[1], "no more");

        await harness.UntilAsync(ids[1], ExecutionState.Cancelled);
        await harness.UntilAsync(ids[0], ExecutionState.Failed);
        await harness.UntilAsync(ids[2], ExecutionState.Failed);
    }

    [Fact]
    public async Task An_item_nobody_mentioned_is_completed_without_a_result_and_has_failed_where_one_is_due()
    {
        var silent = Define(2, TimeSpan.Zero);
        await using (var harness = new WorkerHarness().AddBatch(silent, _ => Task.CompletedTask))
        {
            await harness.InvokeAsync(silent, 2);
            await harness.StartAsync();
            await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Completed) == 2, "completed");
        }

        var task = TaskDefinition.Create<int, string>("b", new TaskOptions { Batch = new BatchOptions { Size = 2, Wait = TimeSpan.Zero }, MaxAttempts = 1 });
        await using (var harness = new WorkerHarness().AddBatch(task, _ => Task.CompletedTask))
        {
            var ids = await harness.InvokeAsync(task, 2);
            await harness.StartAsync();
            await harness.UntilAsync(ids[1], ExecutionState.Failed);
            Assert.Contains("without an outcome", (await harness.GetAsync(ids[0])).Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Cancelling_one_reaches_its_item_and_leaves_the_others_alone()
    {
        var started = new TaskCompletionSource<BatchContext<int, NoResult>>();
        var task = Define(3);
        await using var harness = new WorkerHarness().AddBatch(task, async batch =>
        {
            started.SetResult(batch);
            await Task.Delay(Timeout.InfiniteTimeSpan, batch.Items[1].CancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
            Assert.False(batch.Items[0].CancellationToken.IsCancellationRequested || batch.CancellationToken.IsCancellationRequested);
        });
        var ids = await harness.InvokeAsync(task, 3);
        var worker = await harness.StartAsync();
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        Assert.Equal(CancelOutcome.Requested, await harness.Conductor.CancelAsync(ids[1], "no more", Token));
        Assert.True(worker.Cancel(ids[1], "no more"));

        await harness.UntilAsync(ids[1], ExecutionState.Cancelled);
        Assert.Equal("no more", (await harness.GetAsync(ids[1])).Reason);
        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Completed) == 2, "the others complete");
    }

    [Fact]
    public async Task When_all_that_are_left_are_cancelled_the_batch_is()
    {
        var started = new TaskCompletionSource();
        var task = Define(3);
        await using var harness = new WorkerHarness().AddBatch(task, async batch =>
        {
            batch.Items[0].Complete();
            started.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, batch.CancellationToken);
        });
        var ids = await harness.InvokeAsync(task, 3);
        var worker = await harness.StartAsync();
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        foreach (var id in ids.Skip(1))
        {
            await harness.Conductor.CancelAsync(id, "no more", Token);
            worker.Cancel(id, "no more");
        }

        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Cancelled) == 2, "two are cancelled");
        await harness.UntilAsync(ids[0], ExecutionState.Completed);
    }

    [Fact]
    public async Task One_cancelled_before_its_batch_starts_does_not_reach_the_handler()
    {
        var seen = new ConcurrentQueue<int>();
        var clock = new TestClock();
        var task = Define(10, TimeSpan.FromSeconds(10));
        await using var harness = new WorkerHarness(clock).AddBatch(task, batch =>
        {
            foreach (var item in batch.Items)
            {
                seen.Enqueue(item.Payload);
            }

            return Task.CompletedTask;
        });
        var ids = await harness.InvokeAsync(task, 3);
        var worker = await harness.StartAsync(WorkerHarness.Still(1));
        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Running) == 3, "all three are gathered");
        await harness.Conductor.CancelAsync(ids[0], "no more", Token);
        Assert.True(worker.Cancel(ids[0], "no more"));

        clock.Advance(TimeSpan.FromSeconds(10));

        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Completed) == 2, "two run");
        await harness.UntilAsync(ids[0], ExecutionState.Cancelled);
        Assert.Equal([1, 2], seen);
    }

    [Fact]
    public async Task A_batch_that_runs_too_long_is_cancelled_and_what_is_left_of_it_has_timed_out()
    {
        var task = Define(3, maxAttempts: 1, timeout: TimeSpan.FromMilliseconds(50));
        await using var harness = new WorkerHarness().AddBatch(task, async batch =>
        {
            batch.Items[0].Complete();
            await Task.Delay(Timeout.InfiniteTimeSpan, batch.CancellationToken);
        });
        var ids = await harness.InvokeAsync(task, 3);
        await harness.StartAsync();

        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Failed) == 2, "two have failed");
        await harness.UntilAsync(ids[0], ExecutionState.Completed);
        Assert.Contains("timeout", (await harness.GetAsync(ids[1])).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_hands_back_what_is_gathered_and_lets_what_runs_finish()
    {
        var gate = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        var task = Define(2);
        await using var harness = new WorkerHarness(new TestClock()).AddBatch(task, async _ =>
        {
            started.TrySetResult();
            await gate.Task;
        });
        var ids = await harness.InvokeAsync(task, 5);
        var worker = await harness.StartAsync(WorkerHarness.Still(1));
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        await worker.StopClaimingAsync();

        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Ready) == 3, "three are handed back");
        Assert.Equal(0, (await harness.GetAsync(ids[4])).Attempts);
        gate.SetResult();
        Assert.True(await worker.WaitForHandlersAsync(TimeSpan.FromSeconds(30), Token));
        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Completed) == 2, "two complete");
        Assert.True(worker.Load is { Buffered: 0, Running: 0 });
    }

    [Fact]
    public async Task A_shutdown_that_cannot_wait_hands_back_what_has_no_outcome()
    {
        var started = new TaskCompletionSource();
        var task = Define(3);
        await using var harness = new WorkerHarness().AddBatch(task, async batch =>
        {
            batch.Items[0].Complete();
            started.SetResult();

            // Ends without an error: what was told to stop is not done for that.
            await Task.Delay(Timeout.InfiniteTimeSpan, batch.CancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        var ids = await harness.InvokeAsync(task, 3);
        var worker = await harness.StartAsync();
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        await worker.StopClaimingAsync();

        worker.CancelHandlers();

        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Ready) == 2, "two are put back");
        await harness.UntilAsync(ids[0], ExecutionState.Completed);
        Assert.Equal(0, (await harness.GetAsync(ids[1])).Attempts);
    }

    [Fact]
    public async Task A_payload_that_cannot_be_read_is_its_own_items_fault()
    {
        var sizes = new ConcurrentQueue<int>();
        var task = Define(3, maxAttempts: 1);
        await using var harness = new WorkerHarness().AddBatch(task, batch =>
        {
            sizes.Enqueue(batch.Items.Count);
            return Task.CompletedTask;
        });
        var ids = await harness.InvokeAsync(task, 2);
        var bad = await harness.Conductor.InvokeAsync("b", System.Text.Json.JsonSerializer.SerializeToElement("no number"), cancellationToken: Token);
        await harness.StartAsync();

        await harness.UntilAsync(bad.Id, ExecutionState.Failed);
        await harness.UntilAsync(ids[1], ExecutionState.Completed);
        Assert.Equal([2], sizes);
    }

    [Fact]
    public async Task Other_tasks_beside_it_run_one_by_one()
    {
        var singles = 0;
        var sizes = new ConcurrentQueue<int>();
        var task = Define(50, TimeSpan.Zero);
        var other = TaskDefinition.Create<int>("single");
        await using var harness = new WorkerHarness()
            .AddBatch(task, batch =>
            {
                sizes.Enqueue(batch.Items.Count);
                return Task.CompletedTask;
            })
            .Add(other, (_, _) =>
            {
                Interlocked.Increment(ref singles);
                return Task.CompletedTask;
            });
        await harness.InvokeAsync(task, 200);
        await harness.InvokeAsync(other, 200);
        var worker = await harness.StartAsync();

        await harness.UntilAsync(async () => await harness.CountAsync(ExecutionState.Completed) == 400, "all");
        Assert.Equal((200, 200), (singles, sizes.Sum()));
        Assert.Contains(sizes, size => size > 10);
        await harness.UntilAsync(() => worker.Load.IsQuiet, "nothing is left in hand");
    }

    [Fact]
    public void What_a_batch_cannot_be_is_refused()
    {
        foreach (var (named, batch) in new[]
        {
            ("Size 0", new BatchOptions { Size = 0 }),
            ("Size 10001", new BatchOptions { Size = 10_001 }),
            ("Wait -00:00:01", new BatchOptions { Wait = TimeSpan.FromSeconds(-1) }),
            ("Wait 00:10:01", new BatchOptions { Wait = TimeSpan.FromSeconds(601) }),
        })
        {
            Assert.Contains(named, Assert.Throws<ArgumentException>(() => TaskDefinition.Create<int>("b", new TaskOptions { Batch = batch })).Message, StringComparison.Ordinal);
        }

        Assert.Contains("AddBatch", Assert.Throws<ArgumentException>(() => new TaskCollection().Add(Define(1), (_, _) => Task.CompletedTask)).Message, StringComparison.Ordinal);
        Assert.Contains("TaskOptions.Batch", Assert.Throws<ArgumentException>(() => new TaskCollection().AddBatch(TaskDefinition.Create<int>("b"), _ => Task.CompletedTask)).Message, StringComparison.Ordinal);
    }
}
