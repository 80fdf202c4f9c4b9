using System.Diagnostics;
using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Shutdown;

/// <summary>N8, and graceful stops in this process.</summary>
[Collection(Timed.Name)]
public sealed class StopTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    [Fact]
    public async Task A_stop_waits_for_what_runs_hands_back_what_does_not_and_leaves_nothing_locked()
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        var running = 0;
        var overlap = 0;
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 6), cancellationToken: TestEngine.Token);
        var tasks = new TaskCollection().Add(_job, async (_, _) =>
        {
            overlap = Math.Max(overlap, Interlocked.Increment(ref running));
            started.TrySetResult();
            await gate.Task;
            Interlocked.Decrement(ref running);
        });
        var orchestrator = await engine.StartAsync(tasks, options => options with { DrainTimeout = TimeSpan.FromMinutes(2), Worker = new WorkerOptions { Concurrency = 1, PrefetchTime = TimeSpan.FromSeconds(10) } });
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        var stopping = Task.WhenAll(orchestrator.StopAsync(TestEngine.Token), orchestrator.StopAsync(TestEngine.Token), orchestrator.StopAsync(TestEngine.Token));
        await Eventually.IsTrue(async () => orchestrator.Status.Phase == OrchestratorPhase.Stopping && await engine.CountAsync("executions") == 5, "what does not run is handed back");
        Assert.False(stopping.IsCompleted);
        var clock = Stopwatch.StartNew();
        gate.SetResult();
        await stopping;

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"it took {clock.Elapsed}");
        Assert.Equal((0, 1), (running, overlap));
        Assert.Equal(1, await engine.CountAsync("completed_executions"));
        Assert.Equal(5, await engine.CountAsync("executions", "attempts = 0 and run_at <= now()"));
        Assert.Equal(0, await engine.CountAsync("leases"));
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
        Assert.Equal(0, await engine.CountAsync("workers"));
    }

    [Fact]
    public async Task After_the_drain_time_handlers_are_cancelled_and_their_attempt_does_not_count()
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = new TaskCompletionSource();
        var orchestrator = await engine.StartAsync(
            new TaskCollection().Add(_job, async (_, context) =>
            {
                started.SetResult();
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }),
            options => options with { DrainTimeout = TimeSpan.FromMilliseconds(200) });
        await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        await orchestrator.StopAsync(TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        Assert.Equal(1, await engine.CountAsync("executions", "attempts = 0 and errors is null"));
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
    }

    [Fact]
    public async Task A_handler_that_ignores_its_cancellation_keeps_its_lease_and_nobody_starts_it_meanwhile()
    {
        await using var engine = await TestEngine.CreateAsync();
        var gate = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        var orchestrator = await engine.StartAsync(
            new TaskCollection().Add(_job, async (number, _) =>
            {
                if (number == 1)
                {
                    started.SetResult();
                    await gate.Task;
                }
            }),
            options => options with { DrainTimeout = TimeSpan.Zero, CancelTimeout = TimeSpan.FromMilliseconds(300) });
        await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        await orchestrator.StopAsync(TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        Assert.Equal(1, await engine.CountAsync("leases", $"orchestrator_id = '{orchestrator.Id}'"));
        Assert.Equal(1, await engine.CountAsync("orchestrators", $"id = '{orchestrator.Id}' and draining"));
        var restarted = new TaskCompletionSource<int>();
        await engine.StartAsync(
            new TaskCollection().Add(_job, (number, context) =>
            {
                if (number == 1)
                {
                    restarted.SetResult(context.Attempt);
                }

                return Task.CompletedTask;
            }),
            options => options with { Heartbeat = TimeSpan.FromMilliseconds(200), Takeover = TimeSpan.FromMinutes(30) });
        await (await engine.Conductor.InvokeAsync(_job, 2, cancellationToken: TestEngine.Token)).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        Assert.False(restarted.Task.IsCompleted);

        // The takeover time passes.
        await engine.Database.ExecuteAsync($"update pgconductor.orchestrators set last_heartbeat_at = now() - interval '1 hour' where id = '{orchestrator.Id}'");
        Assert.Equal(2, await restarted.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        gate.SetResult();
        await engine.IsDoneAsync();
    }

    [Fact]
    public async Task A_stop_during_the_start_ends_it_and_leaves_nothing_behind()
    {
        var registering = new TaskCompletionSource();
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty =>
            faulty.On("RegisterWorkerAsync", async (args, call) =>
            {
                registering.TrySetResult();
                await Task.Delay(TimeSpan.FromMinutes(5), (CancellationToken)args[^1]!);
                await call();
            })));
        var orchestrator = engine.New(new TaskCollection().Add(_job, (_, _) => Task.CompletedTask));
        var starting = orchestrator.StartAsync(TestEngine.Token);
        await registering.Task;

        await orchestrator.StopAsync(TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => orchestrator.StartAsync(TestEngine.Token));
    }

    [Fact]
    public async Task A_stop_returns_although_the_database_is_gone()
    {
        await using var engine = await TestEngine.CreateAsync();
        await using var proxy = new TcpProxy(engine.Database.ConnectionString);
        var conductor = engine.NewConductor(options => options with { ConnectionString = proxy.ConnectionString });
        var gate = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        var orchestrator = await engine.StartAsync(
            new TaskCollection().Add(_job, async (_, _) =>
            {
                started.SetResult();
                await gate.Task;
            }),
            options => options with { Heartbeat = TimeSpan.FromMilliseconds(200), Takeover = TimeSpan.FromSeconds(2) },
            conductor);
        await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        proxy.Down();
        gate.SetResult();

        var clock = Stopwatch.StartNew();
        await orchestrator.StopAsync(TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(90), TestEngine.Token);

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"it took {clock.Elapsed}");
        Assert.Equal(1, await engine.CountAsync("leases"));
    }

    [Fact]
    public async Task A_claim_that_is_under_way_is_not_given_up_by_a_stop()
    {
        var claiming = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty =>
            faulty.On<Claim>("ClaimAsync", async (args, call) =>
            {
                var claim = await call();
                if (claim.LeaseId is not null)
                {
                    claiming.TrySetResult();
                    await release.Task.WaitAsync((CancellationToken)args[^1]!);
                }

                return claim;
            })));
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 5), cancellationToken: TestEngine.Token);
        var ran = 0;
        var orchestrator = await engine.StartAsync(new TaskCollection().Add(_job, (_, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.CompletedTask;
        }));
        await claiming.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        var stopping = orchestrator.StopAsync(TestEngine.Token);
        release.SetResult();
        await stopping;

        Assert.Equal(0, await engine.CountAsync("leases"));
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
        Assert.Equal(5 - ran, await engine.CountAsync("executions", "attempts = 0"));
    }

    [Fact]
    public async Task Asked_to_stop_through_the_database_it_says_so_and_others_go_on()
    {
        await using var engine = await TestEngine.CreateAsync();
        var tasks = new TaskCollection().Add(_job, (_, _) => Task.CompletedTask);
        var one = engine.New(tasks, conductor: engine.NewConductor());
        var running = one.RunAsync(TestEngine.Token);
        var two = await engine.StartAsync(tasks, conductor: engine.NewConductor());
        await Eventually.IsTrue(async () => await engine.CountAsync("workers") == 2, "both are registered");

        Assert.True(await engine.Conductor.StopOrchestratorAsync(one.Id, "replaced by a newer version", TestEngine.Token));
        await running.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        Assert.Equal("replaced by a newer version", await one.StopRequested);
        Assert.Equal(two.Id, Assert.Single(await engine.Conductor.ListOrchestratorsAsync(TestEngine.Token)).Id);
        Assert.False(await engine.Conductor.StopOrchestratorAsync(one.Id, cancellationToken: TestEngine.Token));
    }
}
