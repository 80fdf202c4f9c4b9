using System.Diagnostics;
using System.Globalization;
using PgConductor.IntegrationTests.Limits;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Recovery;

/// <summary>N2, N17, and the two "must show" of the foundation: SIGKILL and SIGSTOP.</summary>
[Collection(Timed.Name)]
public sealed class KilledWorkerTests
{
    private static readonly TimeSpan _takeover = TimeSpan.FromSeconds(2);
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { Queue = "work" });
    private static readonly TaskDefinition<int, NoResult> _limited = TaskDefinition.Create<int>("limited", new TaskOptions { Queue = "work" });

    [Fact]
    public async Task After_a_kill_every_execution_of_a_full_lease_runs_again_within_the_takeover_time_and_a_second_and_limits_have_their_slots_again()
    {
        // Three times, and the median of what it took: a process that does not get the processor may be late once.
        var took = new List<TimeSpan>();
        for (var round = 0; round < 3; round++)
        {
            took.Add(await KillAsync());
        }

        Assert.True(took.Order().ElementAt(1) < _takeover + TimeSpan.FromSeconds(1), $"it took {string.Join(' ', took)}");
    }

    /// <summary>Kills a worker with a full lease; what passed until all of it has run in another. The rest is checked here.</summary>
    private static async Task<TimeSpan> KillAsync()
    {
        await using var engine = await TestEngine.CreateAsync();
        string[] settings = ["queue=work", "concurrency=120", "limitedTask=limited", "limit=2"];
        using var victim = await WorkerProcess.StartAsync(engine.Database, [.. settings, "handler=gate"]);
        Guid[] ids =
        [
            .. await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 100), cancellationToken: TestEngine.Token),
            .. await engine.Conductor.InvokeManyAsync(_limited, Enumerable.Range(0, 10), cancellationToken: TestEngine.Token),
        ];
        await victim.SaysAsync("start", 102);
        using var heir = await WorkerProcess.StartAsync(engine.Database, [.. settings, "handler=noop"]);
        Assert.Equal(102, await engine.Database.ScalarAsync<long>("select sum(size - cardinality(done)) from pgconductor.leases"));

        await victim.KillAsync();
        var clock = Stopwatch.StartNew();
        await heir.SaysAsync("end", 110);
        var took = clock.Elapsed;

        await engine.IsDoneAsync();
        Assert.Equal(102, heir.Said("start").Count(line => line.Split(' ')[2] == "2"));
        Assert.Equal(ids.Order(), heir.Said("end").Select(line => Guid.Parse(line.Split(' ')[1])).Order());
        Assert.Equal(102, await engine.CountAsync("completed_executions", "attempts = 2 and errors -> 0 ->> 'type' = 'Crashed'"));
        Assert.Equal(0, await engine.CountAsync("failed_executions"));

        // Both slots can be had again.
        await LimitTests.NothingIsHeldAsync(engine);
        await heir.SignalAsync("TERM");
        await heir.ExitAsync();
        using var next = await WorkerProcess.StartAsync(engine.Database, [.. settings, "handler=gate"]);
        await engine.Conductor.InvokeManyAsync(_limited, Enumerable.Range(0, 3), cancellationToken: TestEngine.Token);
        await next.SaysAsync("start", 2);
        var limit = Assert.Single(await engine.Conductor.ListLimitsAsync("limited", cancellationToken: TestEngine.Token));
        Assert.Equal((2, 2), (limit.Running, limit.Held));
        await next.OpenAsync();
        await engine.IsDoneAsync();
        return took;
    }

    [Fact]
    public async Task A_worker_frozen_past_takeover_has_its_late_results_rejected_and_counted_and_works_on()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var frozen = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=stubborn", "concurrency=20");
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 20), cancellationToken: TestEngine.Token);
        await frozen.SaysAsync("start", 20);
        await frozen.SignalAsync("STOP");
        using (var heir = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=noop"))
        {
            await heir.SaysAsync("end", 20);
            await engine.IsDoneAsync();
            await heir.SignalAsync("TERM");
            await heir.ExitAsync();
            Assert.Equal(0, heir.ExitCode);
        }

        await frozen.SignalAsync("CONT");
        await frozen.SaysAsync("cancelled", 20);
        await frozen.SaysAsync("fenced");
        await frozen.OpenAsync();
        await frozen.SaysAsync("end", 20);
        await Eventually.IsTrue(() => frozen.Said("rejected").Sum(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)) == 20, "20 late results are counted as rejected");

        // What the heir did stands, and the frozen one is a worker again: the gate is open, so it runs these.
        Assert.Equal(20, await engine.CountAsync("completed_executions", "attempts = 2"));
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(100, 5), cancellationToken: TestEngine.Token);
        await frozen.SaysAsync("end", 25);
        await engine.IsDoneAsync();
        Assert.Equal(25, await engine.CountAsync("completed_executions"));
        Assert.Single(frozen.Said("fenced"));
    }

    [Fact]
    public async Task An_execution_that_kills_its_process_is_quarantined_after_its_attempts()
    {
        await using var engine = await TestEngine.CreateAsync();
        var poison = await engine.Conductor.InvokeAsync(TaskDefinition.Create<int>("poison", new TaskOptions { Queue = "work" }), 1, new InvokeOptions { MaxAttempts = 2, Queue = await QueueAsync(engine) }, cancellationToken: TestEngine.Token);
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            using var victim = WorkerProcess.Begin(engine.Database, "queue=work", "task=poison", "handler=suicide", "takeover=1000", "heartbeat=200");
            await victim.SaysStartAsync(attempt);
            await victim.ExitAsync();
            Assert.NotEqual(0, victim.ExitCode);
        }

        // Whoever comes next puts it away; nobody starts it a third time.
        using var heir = await WorkerProcess.StartAsync(engine.Database, "queue=work", "task=poison", "handler=noop", "takeover=1000", "heartbeat=200");
        await engine.IsAsync(poison.Id, ExecutionState.Failed);
        Assert.Empty(heir.Said("start"));
        var info = await engine.Conductor.GetAsync(poison.Id, TestEngine.Token);
        Assert.Equal(2, info!.Attempts);
        Assert.Contains("stopped answering", info.Reason, StringComparison.Ordinal);
    }

    private static async Task<string> QueueAsync(TestEngine engine)
    {
        await engine.Conductor.CreateQueueAsync("work", cancellationToken: TestEngine.Token);
        return "work";
    }
}
