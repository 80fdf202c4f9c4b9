using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

public sealed class BasicExecutionTests
{
    private static readonly TaskDefinition<int, string> _double = TaskDefinition.Create<int, string>("double");

    [Fact]
    public async Task An_execution_runs_and_its_result_can_be_awaited()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var tasks = new TaskCollection().Add(_double, (number, _) => Task.FromResult($"{number * 2}"));
        await using var orchestrator = new Orchestrator(conductor, tasks);
        await orchestrator.StartAsync(TestContext.Current.CancellationToken);

        var handle = await conductor.InvokeAsync(_double, 21, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal("42", await handle.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        await orchestrator.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.leases"));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.orchestrators"));
    }

    [Fact]
    public async Task Drain_mode_ends_when_all_that_is_due_is_done()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var ran = 0;
        var tasks = new TaskCollection().Add(_double, (number, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.FromResult("");
        });
        await conductor.InvokeManyAsync(_double, Enumerable.Range(0, 2500), cancellationToken: TestContext.Current.CancellationToken);
        await using var orchestrator = new Orchestrator(conductor, tasks);

        await orchestrator.DrainAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2500, ran);
        Assert.Equal(2500, await database.ScalarAsync<long>("select count(*) from pgconductor.completed_executions"));
    }

    [Fact]
    public async Task Cancelled_while_it_starts_it_ends_quietly_and_leaves_nothing_registered()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var tasks = new TaskCollection().Add(_double, (number, _) => Task.FromResult(""));
        await using var orchestrator = new Orchestrator(conductor, tasks);

        await orchestrator.RunAsync(new CancellationToken(canceled: true));

        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.orchestrators"));
    }
}
