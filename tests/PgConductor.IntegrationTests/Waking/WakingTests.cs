using System.Collections.Concurrent;
using System.Diagnostics;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Waking;

/// <summary>How idle workers learn of work: hints, polling beside them, and the recovery of the connections that carry hints.</summary>
[Collection(Timed.Name)]
public sealed class WakingTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    /// <summary>A poll so rare that what starts before it was announced.</summary>
    private static readonly WorkerOptions _rarePolls = new() { MinPollInterval = TimeSpan.FromMinutes(1), MaxPollInterval = TimeSpan.FromHours(1), StartDirectly = false };

    /// <summary>Long before a poll.</summary>
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task An_idle_worker_is_told()
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = new ConcurrentDictionary<int, long>();
        await engine.StartAsync(Recording(started), options => options with { Worker = _rarePolls });
        await IsIdleAsync(engine);

        Assert.True(await DelayAsync(engine, started, 1) < _soon);
        Assert.True(await DelayAsync(engine, started, 2) < _soon);
    }

    [Fact]
    public async Task Sql_users_wake_it_too()
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = new ConcurrentDictionary<int, long>();
        await engine.StartAsync(Recording(started), options => options with { Worker = _rarePolls });
        await IsIdleAsync(engine);

        await engine.Database.ExecuteAsync("select pgconductor.invoke('job', '1')");
        await Eventually.IsTrue(() => started.ContainsKey(1), "the function woke it", 20);
        await IsIdleAsync(engine);
        await engine.Database.ExecuteAsync("insert into pgconductor.executions (task_key, payload) values ('job', '2')");
        await Eventually.IsTrue(() => started.ContainsKey(2), "the insert woke it", 20);
    }

    [Fact]
    public async Task Two_orchestrators_that_share_a_client_are_both_told()
    {
        // Each says "idle" on the one control connection; when one takes it back, the other's stands.
        await using var engine = await TestEngine.CreateAsync();
        var started = new ConcurrentDictionary<int, long>();
        var gate = new TaskCompletionSource();
        await engine.StartAsync(Recording(started), options => options with { Worker = _rarePolls });
        await IsIdleAsync(engine);
        var other = TaskDefinition.Create<int>("other", new TaskOptions { Queue = "default" });
        var running = new TaskCompletionSource();
        await engine.StartAsync(
            new TaskCollection().Add(other, async (number, _) =>
            {
                if (number == 4)
                {
                    running.SetResult();
                    await gate.Task;
                }

                await Task.Delay(100);
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = 1, MaxPrefetch = 0 } });

        // One after the other: long enough busy to take its own wish back.
        await engine.Conductor.InvokeManyAsync(other, Enumerable.Range(0, 5), cancellationToken: TestEngine.Token);
        await running.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        Assert.Equal(1, await IdleLocksAsync(engine));
        Assert.True(await DelayAsync(engine, started, 1) < _soon);
        gate.SetResult();
        await engine.IsDoneAsync();
    }

    [Fact]
    public async Task Without_listen_polling_finds_it()
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = new ConcurrentDictionary<int, long>();
        await engine.StartAsync(Recording(started), options => options with { Listen = false, Worker = new WorkerOptions { StartDirectly = false } });

        var delays = new List<TimeSpan>();
        for (var number = 0; number < 5; number++)
        {
            delays.Add(await DelayAsync(engine, started, number));
        }

        Assert.True(delays.Order().ElementAt(2) < TimeSpan.FromSeconds(1), string.Join(' ', delays));

        Assert.Equal(0, await IdleLocksAsync(engine));
        Assert.Equal(0, await engine.Database.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'"));
    }

    [Fact]
    public async Task A_terminated_listener_and_a_terminated_control_connection_come_back()
    {
        await using var engine = await TestEngine.CreateAsync();
        var started = new ConcurrentDictionary<int, long>();
        await engine.StartAsync(Recording(started), options => options with { Worker = _rarePolls, Heartbeat = TimeSpan.FromMilliseconds(200) });
        await IsIdleAsync(engine);

        var listener = await ListenerAsync(engine);
        await engine.Database.ExecuteAsync("select pg_terminate_backend($1)", listener);
        await Eventually.IsTrue(async () => await ListenerAsync(engine) is var now && now != 0 && now != listener, "it listens again");
        Assert.True(await DelayAsync(engine, started, 1) < _soon);
        await IsIdleAsync(engine);

        var control = await engine.Database.ScalarAsync<int>("select pid from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted and database = (select oid from pg_database where datname = current_database())");
        await engine.Database.ExecuteAsync("select pg_terminate_backend($1)", control);
        await Eventually.IsTrue(
            async () => await engine.Database.ScalarAsync<int>("select pid from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted and database = (select oid from pg_database where datname = current_database())") is var now && now != 0 && now != control,
            "a new session says \"idle\"");
        Assert.True(await DelayAsync(engine, started, 2) < _soon);
    }

    [Fact]
    public async Task Work_enqueued_while_the_network_was_down_is_found_when_it_is_back()
    {
        await using var engine = await TestEngine.CreateAsync();
        await using var proxy = new TcpProxy(engine.Database.ConnectionString);
        var started = new ConcurrentDictionary<int, long>();
        var orchestrator = await engine.StartAsync(Recording(started), options => options with { Worker = _rarePolls, Heartbeat = TimeSpan.FromMilliseconds(200) }, engine.NewConductor(options => options with { ConnectionString = proxy.ConnectionString }));
        await IsIdleAsync(engine);
        proxy.Down();
        await Eventually.IsTrue(async () => await IdleLocksAsync(engine) == 0, "its sessions have ended");
        await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);

        proxy.Up();

        await Eventually.IsTrue(() => started.ContainsKey(1), "it starts", 30);
        await engine.IsDoneAsync();
        await orchestrator.StopAsync(TestEngine.Token);
    }

    private static TaskCollection Recording(ConcurrentDictionary<int, long> started) => new TaskCollection().Add(_job, (number, _) =>
    {
        started[number] = Stopwatch.GetTimestamp();
        return Task.CompletedTask;
    });

    private static async Task<TimeSpan> DelayAsync(TestEngine engine, ConcurrentDictionary<int, long> started, int number)
    {
        var invoked = Stopwatch.GetTimestamp();
        await engine.Conductor.InvokeAsync(_job, number, cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(() => started.ContainsKey(number), $"number {number} starts");
        return Stopwatch.GetElapsedTime(invoked, started[number]);
    }

    private static Task IsIdleAsync(TestEngine engine) => Eventually.IsTrue(async () => await IdleLocksAsync(engine) > 0, "a worker says that it is idle");

    /// <summary>Sessions that say "idle"; twice by one session counts as one.</summary>
    private static async Task<long> IdleLocksAsync(TestEngine engine) =>
        await engine.Database.ScalarAsync<long>("select count(*) from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted and database = (select oid from pg_database where datname = current_database())");

    private static async Task<int> ListenerAsync(TestEngine engine) =>
        await engine.Database.ScalarAsync<int>("select pid from pg_stat_activity where datname = current_database() and query ilike 'listen%'");
}
