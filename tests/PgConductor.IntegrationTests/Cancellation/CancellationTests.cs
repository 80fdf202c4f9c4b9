using System.Diagnostics;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Cancellation;

/// <summary>N4, and the ancestor's list of cancellation tests without children.</summary>
[Collection(Timed.Name)]
public sealed class CancellationTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { Backoff = [TimeSpan.FromHours(1)] });

    [Theory]
    [InlineData(true, 5000)]
    [InlineData(false, 300)]
    public async Task A_running_execution_stops_within_a_second_and_ends_once_with_the_reason(bool listen, int heartbeat)
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = Signals();
        var stopped = Signals();
        var starts = 0;
        await engine.StartAsync(
            new TaskCollection().Add(_job, async (number, context) =>
            {
                Interlocked.Increment(ref starts);
                started[number].SetResult();
                try
                {
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                }
                finally
                {
                    stopped[number].SetResult();
                }
            }),
            options => options with { Listen = listen, Heartbeat = TimeSpan.FromMilliseconds(heartbeat) });

        // Three of them: the machine may have stood still during one.
        var took = new List<TimeSpan>();
        ExecutionHandle<NoResult> handle = null!;
        for (var number = 0; number < 3; number++)
        {
            handle = await engine.Conductor.InvokeAsync(_job, number, cancellationToken: TestEngine.Token);
            await started[number].Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

            var clock = Stopwatch.StartNew();
            Assert.Equal(CancelOutcome.Requested, await handle.CancelAsync("not wanted any more", TestEngine.Token));
            await stopped[number].Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
            took.Add(clock.Elapsed);
            await engine.IsAsync(handle.Id, ExecutionState.Cancelled);
        }

        Assert.True(took.Order().ElementAt(1) < TimeSpan.FromSeconds(1), $"they took {string.Join(' ', took)}");
        await engine.IsDoneAsync();
        Assert.Equal("not wanted any more", (await handle.GetAsync(TestEngine.Token))!.Reason);
        Assert.Equal(3, await engine.CountAsync("failed_executions", "cancelled"));
        Assert.Equal(0, await engine.CountAsync("completed_executions"));
        await Eventually.IsTrue(async () => await engine.CountAsync("signals") == 0, "the signal is acknowledged");
        Assert.Equal(3, starts);
        Assert.Equal(CancelOutcome.Finished, await handle.CancelAsync("again", TestEngine.Token));
        var error = await Assert.ThrowsAsync<ConductorException>(() => handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        Assert.Equal(ConductorErrorCode.ExecutionCancelled, error.Code);
    }

    [Fact]
    public async Task Before_its_start_in_backoff_and_when_unknown()
    {
        await using var engine = await TestEngine.CreateAsync();
        var starts = 0;
        var pending = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        Assert.Equal(CancelOutcome.Cancelled, await pending.CancelAsync("before it started", TestEngine.Token));
        Assert.Equal(CancelOutcome.Finished, await pending.CancelAsync("again", TestEngine.Token));
        Assert.Equal(CancelOutcome.Unknown, await engine.Conductor.CancelAsync(Guid.NewGuid(), cancellationToken: TestEngine.Token));

        await engine.StartAsync(new TaskCollection().Add(_job, (number, _) =>
        {
            Interlocked.Increment(ref starts);
            return number == 2 ? throw new InvalidOperationException("not yet") : Task.CompletedTask;
        }));
        var failing = await engine.Conductor.InvokeAsync(_job, 2, cancellationToken: TestEngine.Token);
        await engine.IsAsync(failing.Id, ExecutionState.Scheduled);
        Assert.Equal(CancelOutcome.Cancelled, await failing.CancelAsync("during backoff", TestEngine.Token));

        var done = await engine.Conductor.InvokeAsync(_job, 3, cancellationToken: TestEngine.Token);
        await done.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        Assert.Equal(CancelOutcome.Finished, await done.CancelAsync("too late", TestEngine.Token));
        Assert.Equal(2, starts);
        Assert.Equal("before it started", (await pending.GetAsync(TestEngine.Token))!.Reason);
        var info = await failing.GetAsync(TestEngine.Token);
        Assert.Equal(("during backoff", ExecutionState.Cancelled, 1), (info!.Reason, info.State, info.Attempts));
    }

    [Fact]
    public async Task A_handler_that_completes_all_the_same_completes_and_one_that_fails_is_cancelled()
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = 0;
        await engine.StartAsync(new TaskCollection().Add(_job, async (number, context) =>
        {
            Interlocked.Increment(ref started);
            await Task.Delay(Timeout.Infinite, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (number == 2)
            {
                throw new InvalidOperationException("it was in the middle of something");
            }
        }));
        var one = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        var two = await engine.Conductor.InvokeAsync(_job, 2, cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(() => started == 2, "both run");

        await one.CancelAsync("stop", TestEngine.Token);
        await two.CancelAsync("stop too", TestEngine.Token);

        await engine.IsAsync(one.Id, ExecutionState.Completed);
        await engine.IsAsync(two.Id, ExecutionState.Cancelled);
        Assert.Equal("stop too", (await two.GetAsync(TestEngine.Token))!.Reason);
    }

    [Fact]
    public async Task A_cancelled_execution_whose_process_dies_is_not_run_again()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Conductor.CreateQueueAsync("work", cancellationToken: TestEngine.Token);
        using var victim = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=stubborn", "takeover=1000", "heartbeat=200");
        var handle = await engine.Conductor.InvokeAsync(_job, 1, new InvokeOptions { Queue = "work" }, cancellationToken: TestEngine.Token);
        await victim.SaysAsync("start");
        Assert.Equal(CancelOutcome.Requested, await handle.CancelAsync("stop it", TestEngine.Token));
        await victim.SaysAsync("cancelled");
        await victim.KillAsync();

        using var heir = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=noop", "takeover=1000", "heartbeat=200");
        await engine.IsAsync(handle.Id, ExecutionState.Cancelled);

        Assert.Empty(heir.Said("start"));
        Assert.Equal("stop it", (await handle.GetAsync(TestEngine.Token))!.Reason);
    }

    [Fact]
    public async Task A_cancellation_that_overtakes_the_claims_answer_is_not_lost()
    {
        var held = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var claims = 0;
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty =>
            faulty.On<Claim>("ClaimAsync", async (_, call) =>
            {
                var claim = await call();
                if (claim.LeaseId is not null && Interlocked.Increment(ref claims) == 1)
                {
                    held.SetResult();
                    await release.Task;
                }

                return claim;
            })));
        var handle = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        var orchestrator = await engine.StartAsync(
            new TaskCollection().Add(_job, (_, context) => Task.Delay(Timeout.Infinite, context.CancellationToken)),
            options => options with { Heartbeat = TimeSpan.FromMilliseconds(100) });
        await held.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        Assert.Equal(CancelOutcome.Requested, await handle.CancelAsync("early", TestEngine.Token));
        await Eventually.IsTrue(async () => await engine.CountAsync("signals") == 0, "the signal was heard");
        release.SetResult();

        await engine.IsAsync(handle.Id, ExecutionState.Cancelled);

        // Put back to work by somebody, it runs: the old cancellation is over.
        await engine.Conductor.RetryAsync(handle.Id, TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Running);
        await orchestrator.StopAsync(TestEngine.Token);
    }

    [Fact]
    public async Task From_a_handler_of_another_execution()
    {
        await using var engine = await TestEngine.CreateAsync();
        var outcome = CancelOutcome.Unknown;
        var later = await engine.Conductor.InvokeAsync(_job, 2, new InvokeOptions { RunAt = DateTimeOffset.UtcNow.AddHours(1) }, cancellationToken: TestEngine.Token);
        await engine.StartAsync(new TaskCollection().Add(_job, async (_, context) => outcome = await context.Conductor.CancelAsync(later.Id, "superseded")));
        var handle = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);

        await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        Assert.Equal(CancelOutcome.Cancelled, outcome);
        Assert.Equal("superseded", (await later.GetAsync(TestEngine.Token))!.Reason);
    }

    private static TaskCompletionSource[] Signals() => [.. Enumerable.Range(0, 3).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
}
