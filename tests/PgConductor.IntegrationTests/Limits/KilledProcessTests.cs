using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Limits;

/// <summary>Limits and processes that die.</summary>
[Collection(Timed.Name)]
public sealed class KilledProcessTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    [Fact]
    public async Task A_process_that_is_killed_gives_its_slots_back()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var first = await WorkerProcess.StartAsync(engine.Database, "handler=gate", "limit=2");
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 6), cancellationToken: TestEngine.Token);
        await first.SaysAsync("start", 2);
        using var second = await WorkerProcess.StartAsync(engine.Database, "handler=noop", "limit=2");

        // It has nothing to do while the first holds both slots.
        await Eventually.IsTrue(async () => (await engine.Conductor.ListLimitsAsync("job", cancellationToken: TestEngine.Token)).Any(limit => limit.Running == 2 && limit.Held == 2), "both slots are taken");
        Assert.Empty(second.Said("start"));
        await first.KillAsync();

        await second.SaysAsync("end", 6);
        await engine.IsDoneAsync();
        Assert.Equal(2, await engine.CountAsync("completed_executions", "attempts = 2"));
        await LimitTests.NothingIsHeldAsync(engine);
    }

    [Fact]
    public async Task Four_processes_never_have_more_inside_than_the_limit_though_one_is_killed_and_another_stopped()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Database.ExecuteAsync("create table public.inside (execution_id uuid primary key, orchestrator_id uuid not null)");
        string[] settings = ["handler=inside", "limit=3", "slow=3"];
        using var first = await WorkerProcess.StartAsync(engine.Database, settings);
        using var second = await WorkerProcess.StartAsync(engine.Database, settings);
        using var third = await WorkerProcess.StartAsync(engine.Database, settings);
        using var fourth = await WorkerProcess.StartAsync(engine.Database, settings);
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 600), cancellationToken: TestEngine.Token);
        await first.SaysAsync("start", 5);
        await first.KillAsync();

        // What it left in the table it no longer runs; its slots come back with the takeover, not before.
        await engine.Database.ExecuteAsync($"delete from public.inside where orchestrator_id = '{first.OrchestratorId}'");
        await second.SaysAsync("start", 20);
        await second.SignalAsync("TERM");

        await engine.IsDoneAsync();

        Assert.Equal(600, await engine.CountAsync("completed_executions"));
        Assert.DoesNotContain(new[] { first, second, third, fourth }.SelectMany(worker => worker.Said("inside")), line => int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) > 3);
        Assert.Contains(new[] { second, third, fourth }.SelectMany(worker => worker.Said("inside")), line => line == "inside 3");
        await LimitTests.NothingIsHeldAsync(engine);
    }
}
