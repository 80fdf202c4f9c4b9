using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Recovery;

/// <summary>What could keep a process that is well from saying so.</summary>
[Collection(Timed.Name)]
public sealed class HeartbeatTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    [Fact]
    public async Task Handlers_that_block_every_thread_of_the_pool_do_not_stop_the_heartbeat()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var gate = new ManualResetEventSlim();
        var started = 0;
        var cancelled = 0;
        var orchestrator = engine.New(
            new TaskCollection().Add(_job, (_, context) =>
            {
                Interlocked.Increment(ref started);
                gate.Wait(TimeSpan.FromSeconds(60));
                Interlocked.Add(ref cancelled, context.CancellationToken.IsCancellationRequested ? 1 : 0);
                return Task.CompletedTask;
            }),
            options => options with { Heartbeat = TimeSpan.FromMilliseconds(250), Takeover = TimeSpan.FromSeconds(3), Worker = new WorkerOptions { Concurrency = 200 } });
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 200), cancellationToken: TestEngine.Token);
        await orchestrator.StartAsync(TestEngine.Token);

        // Watched on a thread of its own too: the pool is what is being starved.
        var longest = await Task.Factory.StartNew(() => LongestSilence(engine, TimeSpan.FromSeconds(8)), TestEngine.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        gate.Set();

        await engine.IsDoneAsync();

        // Without a thread of its own no beat would come in all that time; how soon it comes is the machine's affair.
        Assert.InRange(longest, 0, 5);
        Assert.Equal(0, cancelled);
        Assert.Equal(200, started);
        Assert.Equal(200, await engine.CountAsync("completed_executions", "attempts = 1"));
    }

    [Fact]
    public async Task A_callback_on_a_handlers_token_that_blocks_does_not_stop_the_heartbeat()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var gate = new ManualResetEventSlim();
        var started = new TaskCompletionSource();
        var blocked = new TaskCompletionSource();
        await engine.StartAsync(
            new TaskCollection().Add(_job, async (_, context) =>
            {
                context.CancellationToken.Register(() =>
                {
                    blocked.SetResult();
                    gate.Wait(TimeSpan.FromSeconds(60));
                });
                started.SetResult();
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }),
            options => options with { Heartbeat = TimeSpan.FromMilliseconds(250), Takeover = TimeSpan.FromSeconds(3) });
        var handle = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        await started.Task;

        await handle.CancelAsync("enough", TestEngine.Token);
        await blocked.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        Assert.InRange(LongestSilence(engine, TimeSpan.FromSeconds(6)), 0, 4);
        gate.Set();
        await engine.IsAsync(handle.Id, ExecutionState.Cancelled);
    }

    [Fact]
    public async Task A_network_that_swallows_the_heartbeats_connection_is_replaced_before_the_takeover_time()
    {
        await using var engine = await TestEngine.CreateAsync();
        await using var proxy = new TcpProxy(engine.Database.ConnectionString);
        var conductor = engine.NewConductor(options => options with { ConnectionString = proxy.ConnectionString, StatementTimeout = TimeSpan.FromSeconds(5) });
        var cancelled = false;
        var gate = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        await engine.StartAsync(
            new TaskCollection().Add(_job, async (_, context) =>
            {
                started.SetResult();
                await gate.Task;
                cancelled = context.CancellationToken.IsCancellationRequested;
            }),
            options => options with { Heartbeat = TimeSpan.FromSeconds(1), Takeover = TimeSpan.FromSeconds(8), Listen = false },
            conductor);
        await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        proxy.Swallow();

        Assert.InRange(LongestSilence(engine, TimeSpan.FromSeconds(9)), 0.9, 7.9);
        gate.SetResult();
        await engine.IsDoneAsync();
        Assert.False(cancelled);
        Assert.Equal(1, await engine.CountAsync("completed_executions", "attempts = 1"));
    }

    [Fact]
    public async Task Registering_anew_after_a_takeover_is_tried_until_it_works()
    {
        var failures = 0;
        var failing = false;
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty =>
            faulty.On("RegisterWorkerAsync", (_, call) => Volatile.Read(ref failing) && Interlocked.Increment(ref failures) <= 3
                ? throw new ConductorException(ConductorErrorCode.Unavailable, "cut", isTransient: true)
                : call())));
        var orchestrator = await engine.StartAsync(
            new TaskCollection().Add(_job, (_, _) => Task.CompletedTask),
            options => options with { Heartbeat = TimeSpan.FromMilliseconds(100) });
        Volatile.Write(ref failing, true);

        await engine.Database.ExecuteAsync("delete from pgconductor.orchestrators");
        await Eventually.IsTrue(() => Volatile.Read(ref failures) > 3, "the registration was tried four times");
        await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();
        Assert.Equal(1, await engine.CountAsync("workers", $"orchestrator_id = '{orchestrator.Id}'"));
    }

    [Fact]
    public async Task A_claim_that_was_answered_before_a_takeover_and_read_after_it_does_not_run()
    {
        var held = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var claims = 0;
        var ran = new List<int>();
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
        await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        var registered = 0;
        await engine.StartAsync(
            new TaskCollection().Add(_job, (_, context) =>
            {
                ran.Add(context.Attempt);
                return Task.CompletedTask;
            }),
            options => options with { Heartbeat = TimeSpan.FromMilliseconds(100) });
        await held.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        // As a takeover by another process does.
        await engine.Database.ExecuteAsync("update pgconductor.orchestrators set last_heartbeat_at = now() - interval '1 hour'; select pgconductor.recover_stale_orchestrators()");
        await Eventually.IsTrue(async () => (registered = (int)await engine.CountAsync("workers")) == 1, "it has registered anew");
        release.SetResult();

        await engine.IsDoneAsync();
        Assert.Equal([2], ran);
        Assert.Equal(1, registered);
    }

    /// <summary>Seconds; blocks.</summary>
    private static double LongestSilence(TestEngine engine, TimeSpan during)
    {
        using var connection = new Npgsql.NpgsqlConnection(engine.Database.ConnectionString + ";Pooling=false");
        connection.Open();
        using var command = new Npgsql.NpgsqlCommand("select coalesce(max(extract(epoch from clock_timestamp() - last_heartbeat_at)), 999)::float8 from pgconductor.orchestrators", connection);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var longest = 0.0;
        while (clock.Elapsed < during)
        {
            longest = Math.Max(longest, (double)command.ExecuteScalar()!);
            // The interval of the samples, not a wait for anything; it blocks because the pool that a delay needs is what is starved.
            Thread.Sleep(20);
        }

        return longest;
    }
}
