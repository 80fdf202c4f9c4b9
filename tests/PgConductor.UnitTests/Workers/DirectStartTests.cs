using System.Collections.Concurrent;
using Npgsql;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.TestSupport.InMemory;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>Executions that the process that enqueues them starts itself: when, and what becomes of them when something goes wrong on the way.</summary>
public sealed class DirectStartTests : IAsyncDisposable
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("t");

    private readonly ConcurrentQueue<int> _ran = new();
    private readonly WorkerHarness _harness = new(new TestClock());
    private readonly TaskCompletionSource _finish = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FaultPlan Faults => _harness.Database.Faults;

    private int DirectCalls => Faults.Calls(nameof(IDatabaseClient.InvokeAndClaimAsync));

    private int PlainCalls => Faults.Calls(nameof(IDatabaseClient.InvokeAsync));

    public async ValueTask DisposeAsync()
    {
        _finish.TrySetResult();
        await _harness.DisposeAsync();
    }

    [Fact]
    public async Task A_resting_worker_starts_what_its_process_enqueues_without_a_claim()
    {
        await StartAsync(WorkerHarness.Still(2));

        var handle = await InvokeAsync(7);

        await _harness.UntilAsync(handle.Id, ExecutionState.Completed);
        Assert.Equal(InvokeDisposition.Created, handle.Disposition);
        Assert.Equal([7], _ran);
        Assert.Equal((1, 0), (DirectCalls, PlainCalls));
        Assert.Equal(1, _harness.Worker.Load.Claims);
        await _harness.UntilAsync(() => _harness.Worker.Load.IsQuiet && !_harness.Worker.KnownLeases.Any(), "nothing is left in hand");
    }

    [Fact]
    public async Task Without_a_free_slot_it_waits_for_one_like_any()
    {
        await StartAsync(WorkerHarness.Still(1), _finish.Task);
        await InvokeAsync(1);

        var second = await InvokeAsync(2);

        Assert.Equal(ExecutionState.Ready, (await _harness.GetAsync(second.Id)).State);
        Assert.Equal((1, 1), (DirectCalls, PlainCalls));
        _finish.SetResult();
        await _harness.UntilAsync(second.Id, ExecutionState.Completed);
        Assert.Equal([1, 2], _ran);
    }

    [Fact]
    public async Task One_at_a_time_others_travel_together()
    {
        await StartAsync(WorkerHarness.Still(10));
        using (Faults.Block(nameof(IDatabaseClient.InvokeAndClaimAsync)))
        {
            var first = InvokeAsync(1);
            await InvokeAsync(2);

            Assert.False(first.IsCompleted);
            Assert.Equal((1, 1), (DirectCalls, PlainCalls));
        }

        await _harness.UntilAsync(async () => await _harness.CountAsync(ExecutionState.Completed) == 2, "both run");
    }

    [Fact]
    public async Task While_it_is_on_its_way_the_worker_is_not_quiet()
    {
        await StartAsync(WorkerHarness.Still(1));
        using (Faults.Block(nameof(IDatabaseClient.InvokeAndClaimAsync)))
        {
            _ = InvokeAsync(1);
            Assert.False(_harness.Worker.Load.IsQuiet);
        }

        await _harness.UntilAsync(async () => await _harness.CountAsync(ExecutionState.Completed) == 1, "it runs");
    }

    [Fact]
    public async Task A_worker_that_does_not_know_what_is_due_claims_instead()
    {
        using var look = Faults.Block(nameof(IDatabaseClient.ClaimAsync));
        await StartAsync(WorkerHarness.Still(2), waitForRest: false);
        await look.Entered;

        await InvokeAsync(1);

        Assert.Equal((0, 1), (DirectCalls, PlainCalls));
    }

    public static TheoryData<string> Unsuited => ["later", "dedupe key", "own id", "throttle", "queue", "large", "limits", "window", "batch", "unknown", "switched off"];

    [Theory]
    [MemberData(nameof(Unsuited))]
    public async Task What_cannot_start_now_or_is_decided_by_the_database_is_enqueued(string what)
    {
        var limited = TaskDefinition.Create<int>("limited", new TaskOptions { Limits = new TaskLimits { Concurrency = 1 } });
        var windowed = TaskDefinition.Create<int>("windowed", new TaskOptions { Windows = [ExecutionWindow.Parse("00:00-24:00")] });
        var batch = TaskDefinition.Create<int>("batch", new TaskOptions { Batch = new BatchOptions { Size = 2 } });
        _harness.Add(limited, (_, _) => Task.CompletedTask).Add(windowed, (_, _) => Task.CompletedTask).AddBatch(batch, _ => Task.CompletedTask);
        var texts = TaskDefinition.Create<string>("texts");
        _harness.Add(texts, (_, _) => Task.CompletedTask);
        await StartAsync(WorkerHarness.Still(2) with { StartDirectly = what != "switched off" });
        await _harness.Database.CreateQueueAsync("other", false, Token);

        await (what switch
        {
            "later" => InvokeAsync(1, new InvokeOptions { RunAt = _harness.Clock.GetUtcNow() + TimeSpan.FromHours(1) }),
            "dedupe key" => InvokeAsync(1, new InvokeOptions { DedupeKey = "k" }),
            "own id" => InvokeAsync(1, new InvokeOptions { Id = Guid.CreateVersion7() }),
            "throttle" => InvokeAsync(1, new InvokeOptions { Throttle = new Throttle(TimeSpan.FromHours(1)) }),
            "queue" => InvokeAsync(1, new InvokeOptions { Queue = "other" }),
            "large" => _harness.Conductor.InvokeAsync(texts, new string('x', 5000), cancellationToken: Token),
            "limits" => _harness.Conductor.InvokeAsync(limited, 1, cancellationToken: Token),
            "window" => _harness.Conductor.InvokeAsync(windowed, 1, cancellationToken: Token),
            "batch" => _harness.Conductor.InvokeAsync(batch, 1, cancellationToken: Token),
            "unknown" => _harness.Conductor.InvokeAsync(TaskDefinition.Create<int>("unknown"), 1, cancellationToken: Token),
            _ => InvokeAsync(1),
        });

        Assert.Equal((0, 1), (DirectCalls, PlainCalls));
    }

    [Fact]
    public async Task What_the_database_only_enqueues_gives_its_slot_back()
    {
        await StartAsync(WorkerHarness.Still(1));
        await _harness.Database.PauseQueueAsync("default", Token);

        var handle = await InvokeAsync(1);

        Assert.Equal((1, 0), (DirectCalls, PlainCalls));
        Assert.Equal(ExecutionState.Ready, (await _harness.GetAsync(handle.Id)).State);
        Assert.True(_harness.Worker.Load.IsQuiet);
        await _harness.Database.ResumeQueueAsync("default", Token);
        await InvokeAsync(2);
        Assert.Equal((2, 0), (DirectCalls, PlainCalls));
    }

    [Fact]
    public async Task An_error_leaves_it_to_the_plain_way()
    {
        await StartAsync(WorkerHarness.Still(2));
        Faults.FailNext(nameof(IDatabaseClient.InvokeAndClaimAsync), ServerErrors.Of("57P01"));

        var handle = await InvokeAsync(1);

        Assert.Equal((1, 1, InvokeDisposition.Created), (DirectCalls, PlainCalls, handle.Disposition));
        _harness.Worker.Wake();
        await _harness.UntilAsync(handle.Id, ExecutionState.Completed);
        await InvokeAsync(2);
        Assert.Equal(2, DirectCalls);
    }

    [Fact]
    public async Task A_lost_reply_does_not_enqueue_it_twice()
    {
        await StartAsync(WorkerHarness.Still(2));
        Faults.FailNext(nameof(IDatabaseClient.InvokeAndClaimAsync), ServerErrors.Of("08006"), afterwards: true);

        var handle = await InvokeAsync(1);

        Assert.Equal(InvokeDisposition.Existing, handle.Disposition);
        Assert.Equal(handle.Id, Assert.Single(await _harness.Database.ListExecutionsAsync(new ExecutionQuery(), Token)).Id);

        // As every claim whose reply was lost, it is not known here, and the next heartbeat but one puts it back.
        Assert.Equal(ExecutionState.Running, (await _harness.GetAsync(handle.Id)).State);
        Assert.Empty(_harness.Worker.KnownLeases);
        await _harness.Database.HeartbeatAsync(new HeartbeatRequest(_harness.Id, TimeSpan.FromMinutes(1), [], false, [], TimeSpan.Zero), Token);
        _harness.Worker.Wake();
        await _harness.UntilAsync(handle.Id, ExecutionState.Completed);
        Assert.Equal([1], _ran);
    }

    [Theory]
    [InlineData(PostgresErrorCodes.InsufficientPrivilege)]
    [InlineData(PostgresErrorCodes.UndefinedFunction)]
    public async Task A_process_that_may_not_says_so_once_and_does_not_try_again(string state)
    {
        await StartAsync(WorkerHarness.Still(2));
        Faults.FailNext(nameof(IDatabaseClient.InvokeAndClaimAsync), ServerErrors.Of(state), times: 5);

        foreach (var number in Enumerable.Range(0, 3))
        {
            var handle = await InvokeAsync(number);
            _harness.Worker.Wake();
            await _harness.UntilAsync(handle.Id, ExecutionState.Completed);
        }

        Assert.Equal((1, 3), (DirectCalls, PlainCalls));
        Assert.Equal(1, _harness.Log.Entries.Count(entry => entry.Id == 1208));
    }

    [Fact]
    public async Task Whoever_gives_up_waiting_for_the_reply_leaves_an_execution_that_runs()
    {
        await StartAsync(WorkerHarness.Still(2));
        using var caller = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using (var reply = Faults.Block(nameof(IDatabaseClient.InvokeAndClaimAsync), afterwards: true))
        {
            var invoking = _harness.Conductor.InvokeAsync(_task, 1, cancellationToken: caller.Token);
            await reply.Entered;
            await caller.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => invoking);
        }

        await _harness.UntilAsync(() => _ran.SequenceEqual([1]), "it runs all the same");
    }

    [Fact]
    public async Task A_token_that_has_ended_sends_nothing()
    {
        await StartAsync(WorkerHarness.Still(2));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _harness.Conductor.InvokeAsync(_task, 1, cancellationToken: new CancellationToken(canceled: true)));

        Assert.Equal((0, 0), (DirectCalls, PlainCalls));
    }

    [Fact]
    public async Task A_stop_waits_for_what_is_on_its_way_and_hands_it_back()
    {
        var worker = await StartAsync(WorkerHarness.Still(1), _finish.Task);
        Task<ExecutionHandle<NoResult>> invoking;
        Task stopping;
        using (var reply = Faults.Block(nameof(IDatabaseClient.InvokeAndClaimAsync), afterwards: true))
        {
            invoking = InvokeAsync(1);
            await reply.Entered;
            stopping = worker.StopClaimingAsync();

            // It is the plain way for others meanwhile.
            await InvokeAsync(2);
            Assert.Equal((1, 1), (DirectCalls, PlainCalls));
            Assert.False(stopping.IsCompleted);
        }

        var handle = await invoking;
        await stopping;
        _finish.SetResult();
        Assert.True(await worker.WaitForHandlersAsync(TimeSpan.FromSeconds(30), Token));
        await worker.StopAsync(TimeSpan.FromSeconds(30));

        // It had started, or it was handed back before it could; nothing in between.
        var state = (await _harness.GetAsync(handle.Id)).State;
        Assert.Equal(_ran.Contains(1) ? ExecutionState.Completed : ExecutionState.Ready, state);
    }

    [Fact]
    public async Task One_whose_reply_outlasts_the_stop_is_given_up_and_put_back_by_its_process_when_it_leaves()
    {
        var worker = await StartAsync(WorkerHarness.Still(1));
        using var reply = Faults.Block(nameof(IDatabaseClient.InvokeAndClaimAsync), afterwards: true);
        var invoking = InvokeAsync(1);
        await reply.Entered;

        await worker.StopClaimingAsync();

        var handle = await invoking;
        await worker.StopAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(InvokeDisposition.Existing, handle.Disposition);
        Assert.Empty(_ran);
        Assert.Empty(worker.KnownLeases);
        await _harness.Database.HeartbeatAsync(new HeartbeatRequest(_harness.Id, TimeSpan.FromMinutes(1), [], true, [], TimeSpan.Zero), Token);
        var info = await _harness.GetAsync(handle.Id);
        Assert.Equal((ExecutionState.Ready, 0), (info.State, info.Attempts));
    }

    [Fact]
    public async Task What_was_enqueued_while_all_slots_were_taken_is_before_what_comes_when_one_is_free()
    {
        await StartAsync(WorkerHarness.Still(1), _finish.Task);
        var first = await InvokeAsync(1);
        await InvokeAsync(2);
        using (var look = Faults.Block(nameof(IDatabaseClient.ClaimAsync)))
        {
            _finish.SetResult();
            await _harness.UntilAsync(first.Id, ExecutionState.Completed);
            await look.Entered;

            await InvokeAsync(3);
        }

        await _harness.UntilAsync(() => _ran.Count == 3, "all run");
        Assert.Equal([1, 2, 3], _ran);
        Assert.Equal(1, DirectCalls);
    }

    [Fact]
    public async Task What_the_worker_was_told_of_is_before_what_comes_now()
    {
        var worker = await StartAsync(WorkerHarness.Still(1));
        using var look = Faults.Block(nameof(IDatabaseClient.ClaimAsync));
        worker.Wake();

        await InvokeAsync(1);

        Assert.Equal((0, 1), (DirectCalls, PlainCalls));
    }

    [Fact]
    public async Task A_statement_that_takes_too_long_is_not_sent_twice()
    {
        await StartAsync(WorkerHarness.Still(1));
        Faults.FailNext(nameof(IDatabaseClient.InvokeAndClaimAsync), new ConductorException(ConductorErrorCode.Timeout, "too long"));

        var refused = await Assert.ThrowsAsync<ConductorException>(() => InvokeAsync(1));

        Assert.Equal(ConductorErrorCode.Timeout, refused.Code);
        Assert.Equal((1, 0), (DirectCalls, PlainCalls));
        Assert.True(_harness.Worker.Load.IsQuiet);
    }

    [Fact]
    public void A_cancellation_is_kept_for_the_claims_that_may_bring_it()
    {
        var cancels = new PendingCancels();
        var (own, other, any) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var general = cancels.Begin(0);
        var direct = cancels.Begin(0, own);
        cancels.Add(own, "a");
        cancels.Add(any, "b");
        Assert.Equal([own], cancels.End(direct)!.Keys);
        Assert.Equal([own, any], cancels.End(general)!.Keys);
        Assert.Null(cancels.End(cancels.Begin(0, other)));
    }

    [Fact]
    public async Task A_cancellation_that_is_faster_than_the_reply_is_heeded()
    {
        var worker = await StartAsync(WorkerHarness.Still(1), _finish.Task);
        using (var reply = Faults.Block(nameof(IDatabaseClient.InvokeAndClaimAsync), afterwards: true))
        {
            var invoking = InvokeAsync(1);
            await reply.Entered;
            var running = Assert.Single(await _harness.Database.ListExecutionsAsync(new ExecutionQuery(), Token));
            Assert.Equal(CancelOutcome.Requested, await _harness.Conductor.CancelAsync(running.Id, "enough", Token));
            worker.CancelWhenClaimed(running.Id, "enough");
            reply.Dispose();
            var handle = await invoking;
            _finish.SetResult();
            await _harness.UntilAsync(handle.Id, ExecutionState.Cancelled);
        }
    }

    [Fact]
    public async Task What_was_claimed_before_a_takeover_and_arrives_after_it_is_not_started()
    {
        var worker = await StartAsync(WorkerHarness.Still(1));
        using (var reply = Faults.Block(nameof(IDatabaseClient.InvokeAndClaimAsync), afterwards: true))
        {
            var invoking = InvokeAsync(1);
            await reply.Entered;
            worker.Fence();
            reply.Dispose();
            await invoking;
        }

        Assert.Empty(worker.KnownLeases);
        Assert.True(worker.Load.IsQuiet);
        Assert.True(_harness.Log.Has(1205));
        Assert.Empty(_ran);
    }

    /// <summary>A worker that has looked and found nothing, and an invoker that knows it.</summary>
    private async Task<Worker> StartAsync(WorkerOptions options, Task? until = null, bool waitForRest = true)
    {
        _harness.Add(_task, async (number, context) =>
        {
            await (until ?? Task.CompletedTask);
            context.CancellationToken.ThrowIfCancellationRequested();
            _ran.Enqueue(number);
        });
        var worker = await _harness.StartAsync(options);
        _harness.Conductor.Direct.Add(new DirectStarter([worker], _harness.Services(options).Tasks, _harness.Log.CreateLogger("direct")));
        if (waitForRest)
        {
            await _harness.UntilAsync(() => worker.EmptySweeps > 0, "it has looked and found nothing");
        }

        return worker;
    }

    private Task<ExecutionHandle<NoResult>> InvokeAsync(int number, InvokeOptions? options = null) => _harness.Conductor.InvokeAsync(_task, number, options, cancellationToken: Token);
}
