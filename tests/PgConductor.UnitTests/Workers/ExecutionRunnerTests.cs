using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using PgConductor.Database;
using PgConductor.TestSupport;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>What a handler's end means for its execution, and how it is stopped.</summary>
public sealed class ExecutionRunnerTests
{
    private static readonly TestClock _clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_handler_knows_its_execution_and_its_result_is_kept()
    {
        var task = TaskDefinition.Create<int, string>("t");
        TaskContext? seen = null;
        await using var harness = new WorkerHarness().Add(task, (number, context) =>
        {
            seen = context;
            Assert.Throws<InvalidOperationException>(() => context.Services);
            return Task.FromResult($"{number}: {context.Attempt}");
        });
        var handle = await harness.Conductor.InvokeAsync(task, 7, cancellationToken: Token);
        await harness.StartAsync();

        Assert.Equal("7: 1", await handle.WaitAsync(TimeSpan.FromSeconds(30), Token));
        Assert.Equal((handle.Id, "t", "default", 1), (seen!.ExecutionId, seen.TaskKey, seen.Queue, seen.Attempt));
        Assert.Same(harness.Conductor, seen.Conductor);
        Assert.NotNull(seen.Logger);
        Assert.Equal((await harness.GetAsync(handle.Id)).CreatedAt, seen.CreatedAt);
    }

    [Fact]
    public async Task A_failure_is_retried_with_its_record()
    {
        var info = await EndsAsync(TaskDefinition.Create<int>("t"), (_, _) => throw new FormatException("bad"), ExecutionState.Scheduled);

        Assert.Equal(("bad", 1), (info.Reason, info.Attempts));
        Assert.InRange(info.RunAt!.Value - _clock.GetUtcNow(), TimeSpan.FromSeconds(13.5), TimeSpan.FromSeconds(16.5));
        Assert.Equal("System.FormatException", info.Errors!.Value[0].GetProperty("type").GetString());
    }

    [Fact]
    public async Task Not_to_be_retried_is_a_dead_letter()
    {
        Assert.Equal("never", (await EndsAsync(TaskDefinition.Create<int>("t"), (_, _) => throw new NonRetryableException("never"), ExecutionState.Failed)).Reason);
    }

    [Fact]
    public async Task A_handler_may_choose_the_pause()
    {
        var info = await EndsAsync(TaskDefinition.Create<int>("t"), (_, _) => throw new RetryAfterException(TimeSpan.FromMinutes(7), "later"), ExecutionState.Scheduled);

        Assert.Equal(_clock.GetUtcNow() + TimeSpan.FromMinutes(7), info.RunAt);
    }

    [Fact]
    public async Task A_function_may_choose_the_pause_and_null_is_the_tasks_backoff()
    {
        var chosen = TaskDefinition.Create<int>("t", new TaskOptions { BackoffFunction = (attempt, error) => error is FormatException ? TimeSpan.FromHours(attempt) : null, Backoff = [TimeSpan.FromSeconds(1)], BackoffJitter = 0 });

        Assert.Equal(_clock.GetUtcNow() + TimeSpan.FromHours(1), (await EndsAsync(chosen, (_, _) => throw new FormatException(), ExecutionState.Scheduled)).RunAt);
        Assert.Equal(_clock.GetUtcNow() + TimeSpan.FromSeconds(1), (await EndsAsync(chosen, (_, _) => throw new NotSupportedException(), ExecutionState.Scheduled)).RunAt);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4000)]
    [InlineData(null)]
    public async Task A_faulty_function_costs_the_pause_and_says_so(int? days)
    {
        var faulty = TaskDefinition.Create<int>("t", new TaskOptions { BackoffFunction = (_, _) => days is { } given ? TimeSpan.FromDays(given) : throw new InvalidOperationException("BackoffFunction broke"), Backoff = [TimeSpan.FromSeconds(1)], BackoffJitter = 0 });

        var info = await EndsAsync(faulty, (_, _) => throw new FormatException("bad"), ExecutionState.Scheduled);

        Assert.Equal(_clock.GetUtcNow() + TimeSpan.FromSeconds(1), info.RunAt);
        Assert.Contains("BackoffFunction", info.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_that_cannot_be_stored_is_a_dead_letter_because_the_work_was_done()
    {
        var task = TaskDefinition.Create<int, string>("t");
        await using var harness = new WorkerHarness().Add(task, (_, _) => Task.FromResult("half \ud800"));
        var handle = await harness.Conductor.InvokeAsync(task, 1, cancellationToken: Token);
        await harness.StartAsync();

        await harness.UntilAsync(handle.Id, ExecutionState.Failed);
        Assert.Contains("result of task \"t\" has a lone surrogate", (await harness.GetAsync(handle.Id)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_payload_that_cannot_be_read_fails_the_attempt_by_name()
    {
        await using var harness = new WorkerHarness().Add(TaskDefinition.Create<int>("t"), (_, _) => Task.CompletedTask);
        var handle = await harness.Conductor.InvokeAsync("t", JsonSerializer.SerializeToElement("text"), cancellationToken: Token);
        await harness.StartAsync();

        await harness.UntilAsync(handle.Id, ExecutionState.Scheduled);
        Assert.Contains("payload of task \"t\" cannot be read as System.Int32", (await harness.GetAsync(handle.Id)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Longer_than_its_timeout_is_a_failure_that_names_it()
    {
        var task = TaskDefinition.Create<int>("t", new TaskOptions { Timeout = TimeSpan.FromMilliseconds(20) });
        await using var harness = new WorkerHarness().Add(task, (_, context) => Task.Delay(Timeout.Infinite, context.CancellationToken));
        var ids = await harness.InvokeAsync(task, 1);
        await harness.StartAsync();

        await harness.UntilAsync(ids[0], ExecutionState.Scheduled);
        var info = await harness.GetAsync(ids[0]);
        Assert.Contains("timeout of 00:00:00.02", info.Reason, StringComparison.Ordinal);
        Assert.Equal("System.TimeoutException", info.Errors!.Value[0].GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_cancelled_execution_is_told_and_ends_with_the_reason()
    {
        var task = TaskDefinition.Create<int>("t");
        await using var harness = new WorkerHarness().Add(task, (_, context) => Task.Delay(Timeout.Infinite, context.CancellationToken));
        var ids = await harness.InvokeAsync(task, 1);
        var worker = await harness.StartAsync();
        await harness.UntilAsync(() => worker.Load.Running == 1, "it runs");

        Assert.False(worker.Cancel(Guid.CreateVersion7(), "nobody"));
        Assert.True(worker.Cancel(ids[0], "not needed"));
        worker.Cancel(ids[0], "again");

        await harness.UntilAsync(ids[0], ExecutionState.Cancelled);
        Assert.Equal("not needed", (await harness.GetAsync(ids[0])).Reason);
        Assert.True(harness.Log.Has(1211));
    }

    [Fact]
    public async Task A_cancelled_execution_that_waits_here_never_starts()
    {
        var task = TaskDefinition.Create<int>("t");
        var fast = TaskDefinition.Create<int>("fast");
        var started = 0;
        var gate = new TaskCompletionSource();
        await using var harness = new WorkerHarness().Add(fast, (_, _) => Task.CompletedTask).Add(task, (_, _) =>
        {
            Interlocked.Increment(ref started);
            return gate.Task;
        });
        await harness.InvokeAsync(fast, 2000, new InvokeOptions { Priority = 1 });
        var ids = await harness.InvokeAsync(task, 10);
        var worker = await harness.StartAsync(new WorkerOptions { Concurrency = 1, PrefetchTime = TimeSpan.FromSeconds(10), MaxClaim = 100 });
        await harness.UntilAsync(() => Volatile.Read(ref started) == 1 && worker.Load.Buffered == 9, "nine wait behind the first");

        Assert.True(worker.Cancel(ids[9], "not needed"));
        gate.SetResult();

        await harness.UntilAsync(ids[9], ExecutionState.Cancelled);
        await harness.UntilAsync(() => worker.Load.IsQuiet, "all is done");
        Assert.Equal(9, Volatile.Read(ref started));
    }

    [Fact]
    public async Task A_cancellation_finds_the_attempt_that_runs_not_the_one_that_has_ended()
    {
        var task = TaskDefinition.Create<int>("t", new TaskOptions { Backoff = [TimeSpan.Zero] });
        await using var harness = new WorkerHarness().Add(task, (number, context) =>
            number == 0 && context.Attempt == 1 ? throw new FormatException("once") : Task.Delay(Timeout.Infinite, context.CancellationToken));
        var ids = await harness.InvokeAsync(task, 2);
        var worker = await harness.StartAsync(new WorkerOptions { Concurrency = 2 });
        await harness.UntilAsync(async () => (await harness.GetAsync(ids[0])) is { State: ExecutionState.Running, Attempts: 2 }, "the second attempt");
        await harness.UntilAsync(() => worker.KnownLeases.Count() == 2 && worker.Load.Running == 2, "both leases are in hand");

        Assert.True(worker.Cancel(ids[0], "not needed"));

        await harness.UntilAsync(ids[0], ExecutionState.Cancelled);
    }

    [Fact]
    public async Task Shutdown_hands_back_a_handler_that_heeds_it_and_takes_the_result_of_one_that_does_not()
    {
        var task = TaskDefinition.Create<int, int>("t");
        var started = 0;
        await using var harness = new WorkerHarness().Add(task, async (number, context) =>
        {
            Interlocked.Increment(ref started);
            try
            {
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }
            catch (OperationCanceledException) when (number == 1)
            {
                // This one has something to return all the same.
            }

            return number;
        });
        var ids = await harness.InvokeAsync(task, 2);
        var worker = await harness.StartAsync(new WorkerOptions { Concurrency = 2 });

        // The handlers, not their slots: one that is stopped before its handler is called has no result to return.
        await harness.UntilAsync(() => Volatile.Read(ref started) == 2, "both run");
        await worker.StopClaimingAsync();

        worker.CancelHandlers();

        Assert.True(await worker.WaitForHandlersAsync(TimeSpan.FromSeconds(30), Token));
        await worker.StopAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((ExecutionState.Ready, 0), ((await harness.GetAsync(ids[0])).State, (await harness.GetAsync(ids[0])).Attempts));
        Assert.Equal(ExecutionState.Completed, (await harness.GetAsync(ids[1])).State);
    }

    [Fact]
    public async Task An_execution_of_a_task_that_is_not_here_is_handed_back_for_a_while()
    {
        var known = TaskDefinition.Create<int>("known");
        await using var harness = new WorkerHarness(_clock).Add(known, (_, _) => Task.CompletedTask);
        await harness.StartAsync();
        await harness.Database.RegisterWorkerAsync(harness.Id, "default", [known, TaskDefinition.Create<int>("t")], Token);
        var ids = await harness.InvokeAsync(TaskDefinition.Create<int>("t"), 1);
        harness.Worker.Wake();

        await harness.UntilAsync(ids[0], ExecutionState.Scheduled);
        var info = await harness.GetAsync(ids[0]);
        Assert.Equal((0, _clock.GetUtcNow() + TimeSpan.FromSeconds(10)), (info.Attempts, info.RunAt!.Value));
        Assert.True(harness.Log.Has(1213));
    }

    [Fact]
    public async Task What_cannot_even_be_described_costs_the_attempt_and_not_the_slot()
    {
        var task = TaskDefinition.Create<int>("t");
        await using var harness = new WorkerHarness().Add(task, (number, _) => number == 0 ? throw new Indescribable() : Task.CompletedTask);
        var ids = await harness.InvokeAsync(task, 3);
        await harness.StartAsync(new WorkerOptions { Concurrency = 1 });

        await harness.UntilAsync(ids[0], ExecutionState.Scheduled);
        await harness.UntilAsync(ids[2], ExecutionState.Completed);
        Assert.Contains("its message could not be read", (await harness.GetAsync(ids[0])).Reason, StringComparison.Ordinal);
        Assert.Contains(nameof(Indescribable), (await harness.GetAsync(ids[0])).Errors!.Value[0].GetProperty("type").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Services_that_cannot_be_disposed_of_do_not_undo_the_work(bool synchronously)
    {
        var task = TaskDefinition.Create<int>("t");
        await using var harness = new WorkerHarness().Add(task, (_, context) =>
        {
            Assert.NotNull(context.Services);
            return Task.CompletedTask;
        });
        var ids = await harness.InvokeAsync(task, 3);
        await harness.RegisterAsync();
        var worker = new Worker(harness.Services(new WorkerOptions { Concurrency = 1 }) with { ScopeFactory = new BadScopes(synchronously) });
        worker.Start();

        await harness.UntilAsync(ids[2], ExecutionState.Completed);
        await harness.UntilAsync(() => harness.Log.Entries.Count(entry => entry.Id == 1212) == 3, "each is reported");
        await worker.StopClaimingAsync();
        await worker.StopAsync(TimeSpan.FromSeconds(30));
        await worker.DisposeAsync();
    }

    [Fact]
    public async Task A_callback_that_throws_when_it_is_cancelled_hurts_nobody()
    {
        var task = TaskDefinition.Create<int>("t");
        var registered = new TaskCompletionSource();
        await using var harness = new WorkerHarness().Add(task, (_, context) =>
        {
            context.CancellationToken.Register(() => throw new FormatException("in a callback"));
            registered.SetResult();
            return Task.Delay(Timeout.Infinite, context.CancellationToken);
        });
        var ids = await harness.InvokeAsync(task, 1);
        var worker = await harness.StartAsync();
        await registered.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        Assert.True(worker.Cancel(ids[0], "not needed"));

        await harness.UntilAsync(ids[0], ExecutionState.Cancelled);
        await harness.UntilAsync(() => harness.Log.Has(1214), "it is reported");
    }

    [Fact]
    public async Task What_was_claimed_and_not_started_when_its_window_closed_is_handed_back()
    {
        var task = TaskDefinition.Create<int>("t");
        var ran = 0;
        await using var harness = new WorkerHarness().Add(task, (_, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.CompletedTask;
        });
        harness.Database.Shared.Claims.ClosesIn = TimeSpan.Zero;
        var ids = await harness.InvokeAsync(task, 1);
        await harness.StartAsync(new WorkerOptions { FlushInterval = TimeSpan.Zero });
        await Eventually.IsTrue(() => harness.Database.Faults.Calls(nameof(IDatabaseClient.ReturnAsync)) > 3, "it was handed back again and again");
        Assert.Equal(0, ran);

        harness.Database.Shared.Claims.ClosesIn = TimeSpan.FromHours(1);

        await harness.UntilAsync(ids[0], ExecutionState.Completed);
        Assert.Equal((1, 1), (ran, (await harness.GetAsync(ids[0])).Attempts));
    }

    private static async Task<ExecutionInfo> EndsAsync(TaskDefinition<int, NoResult> task, Func<int, TaskContext, Task> handler, ExecutionState state)
    {
        await using var harness = new WorkerHarness(_clock).Add(task, handler);
        var ids = await harness.InvokeAsync(task, 1);
        await harness.StartAsync(new WorkerOptions { FlushInterval = TimeSpan.Zero });
        await harness.UntilAsync(ids[0], state);
        return await harness.GetAsync(ids[0]);
    }

    private sealed class Indescribable : Exception
    {
        public override string Message => throw new NotSupportedException();
    }

    private sealed class BadScopes(bool synchronously) : IServiceScopeFactory, IServiceScope, IAsyncDisposable, IServiceProvider
    {
        public IServiceProvider ServiceProvider => this;

        public IServiceScope CreateScope() => this;

        public object? GetService(Type serviceType) => null;

        public void Dispose() => throw new NotSupportedException();

        public ValueTask DisposeAsync() => synchronously ? throw new NotSupportedException() : new ValueTask(Task.FromException(new NotSupportedException()));
    }
}
