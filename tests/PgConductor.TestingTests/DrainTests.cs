using PgConductor.Testing;
using Xunit;

namespace PgConductor.TestingTests;

public sealed class DrainTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { MaxAttempts = 5, Backoff = [TimeSpan.Zero] });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Drain_waits_for_a_chain_of_retries_and_of_what_handlers_enqueue()
    {
        var ran = new List<int>();
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(_job, async (generation, context) =>
            {
                if (context.Attempt < 3)
                {
                    throw new InvalidOperationException("not yet");
                }

                ran.Add(generation);
                if (generation < 5)
                {
                    await context.Conductor.InvokeAsync(_job, generation + 1, cancellationToken: context.CancellationToken);
                }
            }),
            cancellationToken: Token);

        await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);
        await host.DrainAsync(cancellationToken: Token);

        Assert.Equal([1, 2, 3, 4, 5], ran);
        await host.Executions.ShouldBeNoneLeftAsync(cancellationToken: Token);
    }

    [Fact]
    public async Task Drain_says_what_is_still_there_when_the_time_is_up()
    {
        var other = TaskDefinition.Create<int>("nobody-runs-this");
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(_job, (_, context) =>
            {
                started.TrySetResult();
                return Task.Delay(Timeout.Infinite, context.CancellationToken);
            }),
            new ConductorTestHostOptions { Orchestrator = new OrchestratorOptions { DrainTimeout = TimeSpan.Zero } },
            Token);
        var running = await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);
        var ready = await host.Conductor.InvokeAsync(other, 2, cancellationToken: Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        var error = await Assert.ThrowsAsync<ConductorAssertionException>(() => host.DrainAsync(TimeSpan.FromMilliseconds(100), Token));

        Assert.StartsWith("Not drained within 0.1 s:", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{running.Id} of task \"job\" in queue \"default\": running, once started{Environment.NewLine}", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{ready.Id} of task \"nobody-runs-this\" in queue \"default\": ready, 0 times started; no live process of this host runs this task", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_held_back_on_purpose_is_not_waited_for()
    {
        // Paused before anybody claims: a claim that is under way just then may still take what comes.
        await using var host = await ConductorTestHost.StartAsync(cancellationToken: Token);
        await host.Conductor.PauseQueueAsync("default", Token);
        await host.StartProcessAsync(new TaskCollection().Add(_job, (_, _) => Task.CompletedTask), Token);
        var handle = await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);

        await host.DrainAsync(TimeSpan.FromSeconds(10), Token);
        Assert.Equal(ExecutionState.Ready, (await handle.GetAsync(Token))!.State);

        await host.Conductor.ResumeQueueAsync("default", Token);
        await host.DrainAsync(cancellationToken: Token);
        await host.Executions.ShouldBeCompletedAsync(handle.Id, Token);
    }

    [Fact]
    public async Task Run_until_idle_goes_through_every_retry_up_to_its_horizon()
    {
        var task = TaskDefinition.Create<int>("nightly", new TaskOptions { BackoffJitter = 0, MaxAttempts = 3, Backoff = [TimeSpan.FromHours(5)] });
        var at = new List<DateTimeOffset>();
        ConductorTestHost? host = null;
        host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(task, (_, _) =>
            {
                at.Add(host!.Clock.GetUtcNow());
                throw new InvalidOperationException("the disk is full");
            }),
            cancellationToken: Token);
        await using var owned = host;
        var start = host.Clock.GetUtcNow();
        var handle = await host.Conductor.InvokeAsync(task, 1, new InvokeOptions { RunAt = start + TimeSpan.FromDays(1) }, cancellationToken: Token);

        await host.RunUntilIdleAsync(TimeSpan.FromHours(30), cancellationToken: Token);
        await host.Executions.ShouldBeScheduledAsync(handle.Id, TimeSpan.FromHours(5), Token);
        await host.RunUntilIdleAsync(cancellationToken: Token);

        Assert.Equal([24, 29, 34], at.Select(time => (time - start).TotalHours));
        await host.Executions.ShouldBeFailedAsync(handle.Id, "the disk is full", Token);
    }
}
