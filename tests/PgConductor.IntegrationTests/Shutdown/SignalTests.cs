using System.Diagnostics;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Shutdown;

/// <summary>SIGTERM and SIGINT to a real process.</summary>
[Collection(Timed.Name)]
public sealed class SignalTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { Queue = "work" });

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_lets_what_runs_finish_and_takes_leave(string signal)
    {
        await using var engine = await TestEngine.CreateAsync();
        using var worker = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=gate");
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 3), cancellationToken: TestEngine.Token);
        await worker.SaysAsync("start", 3);

        await worker.SignalAsync(signal);
        await worker.OpenAsync();
        await worker.SaysAsync("stopped");
        await worker.ExitAsync();

        Assert.Equal(0, worker.ExitCode);
        Assert.Empty(worker.Said("cancelled"));
        Assert.Equal(3, await engine.CountAsync("completed_executions", "attempts = 1"));
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
    }

    [Fact]
    public async Task A_second_signal_cancels_what_runs_and_hands_it_back()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var worker = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=gate");
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 3), cancellationToken: TestEngine.Token);
        await worker.SaysAsync("start", 3);

        var clock = Stopwatch.StartNew();
        await worker.SignalAsync("TERM");
        await Eventually.IsTrue(async () => await engine.CountAsync("orchestrators", "draining") == 1, "the first signal was heard");
        await worker.SignalAsync("INT");
        await worker.ExitAsync();


        // The drain deadline of that process is thirty seconds.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(25), $"it took {clock.Elapsed}");
        Assert.Equal(0, worker.ExitCode);
        Assert.Equal(3, worker.Said("cancelled").Length);
        Assert.Equal(3, await engine.CountAsync("executions", "attempts = 0"));
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
    }

    [Fact]
    public async Task After_the_deadlines_the_process_ends_and_a_stubborn_handlers_work_is_taken_over()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var worker = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=stubborn", "drain=200", "cancel=200");
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 3), cancellationToken: TestEngine.Token);
        await worker.SaysAsync("start", 3);

        await worker.SignalAsync("TERM");
        await worker.SaysAsync("stopped");
        await worker.ExitAsync();

        Assert.Equal(3, await engine.Database.ScalarAsync<long>("select sum(size - cardinality(done)) from pgconductor.leases"));
        using var heir = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=noop");
        await heir.SaysAsync("end", 3);
        await engine.IsDoneAsync();
        Assert.Equal(3, await engine.CountAsync("completed_executions", "attempts = 2"));
    }
}
