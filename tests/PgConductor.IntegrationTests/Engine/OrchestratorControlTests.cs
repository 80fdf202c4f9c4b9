using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

public sealed class OrchestratorControlTests
{
    private static readonly TaskDefinition<int, string?> _elsewhere = TaskDefinition.Create<int, string?>("elsewhere", new TaskOptions { Queue = "elsewhere" });

    [Fact]
    public async Task Only_named_queues_are_served_and_the_others_are_made()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var tasks = new TaskCollection().Add(_elsewhere, (_, _) => Task.FromResult<string?>(null));
        var options = new OrchestratorOptions { OnlyNamedQueues = true, Queues = new Dictionary<string, WorkerOptions> { ["hot"] = new() } };
        await using var orchestrator = new Orchestrator(conductor, tasks, options);
        await orchestrator.StartAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["hot"], orchestrator.Queues);
        var left = await conductor.InvokeAsync(_elsewhere, 1, cancellationToken: TestContext.Current.CancellationToken);
        var taken = await conductor.InvokeAsync(_elsewhere, 1, new InvokeOptions { Queue = "hot" }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Null(await taken.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        Assert.Equal(ExecutionState.Ready, (await left.GetAsync(TestContext.Current.CancellationToken))!.State);
        Assert.Null((await taken.GetAsync(TestContext.Current.CancellationToken))!.Result);
    }

    [Fact]
    public async Task A_drain_of_a_started_process_ends_when_somebody_asks_it_to_stop()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var started = new TaskCompletionSource();
        var release = new TaskCompletionSource<string?>();
        var tasks = new TaskCollection().Add(_elsewhere, (_, _) =>
        {
            started.TrySetResult();
            return release.Task;
        });
        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions { Worker = new WorkerOptions { Concurrency = 1, MaxPrefetch = 0 } });
        await orchestrator.StartAsync(TestContext.Current.CancellationToken);
        await conductor.InvokeManyAsync(_elsewhere, [1, 2], cancellationToken: TestContext.Current.CancellationToken);

        var draining = orchestrator.DrainAsync(TestContext.Current.CancellationToken);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.True(await conductor.StopOrchestratorAsync(orchestrator.Id, cancellationToken: TestContext.Current.CancellationToken));
        await orchestrator.StopRequested.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await Eventually.IsTrue(async () => (await conductor.ListOrchestratorsAsync())[0].Draining, "the process says that it drains");
        release.SetResult(null);
        await draining.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
    }

    [Fact]
    public async Task The_token_given_to_a_stop_may_be_cancelled_after_the_end()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        using var source = new CancellationTokenSource();
        await using (var orchestrator = new Orchestrator(conductor, new TaskCollection().Add(_elsewhere, (_, _) => Task.FromResult<string?>(null))))
        {
            await orchestrator.StartAsync(TestContext.Current.CancellationToken);
            await orchestrator.StopAsync(source.Token);
        }

        await source.CancelAsync();
    }

    [Fact]
    public async Task Database_info_tells_an_empty_database_from_an_installed_one()
    {
        await using var empty = await TestDatabase.CreateEmptyAsync();
        await using var conductor = empty.NewConductor();
        var before = await conductor.GetDatabaseInfoAsync(TestContext.Current.CancellationToken);
        Assert.Null(before.SchemaVersion);
        Assert.False(before.IsUpToDate);
        Assert.True(before.ServerVersion.Major >= 15);

        var version = await conductor.MigrateAsync(TestContext.Current.CancellationToken);
        var after = await conductor.GetDatabaseInfoAsync(TestContext.Current.CancellationToken);
        Assert.Equal((version, version, true), (after.SchemaVersion, after.LibrarySchemaVersion, after.IsUpToDate));

        var settings = await conductor.GetServerSettingsAsync(TestContext.Current.CancellationToken);
        Assert.True(int.Parse(settings["connections_in_use"], System.Globalization.CultureInfo.InvariantCulture) > 0);
        Assert.Equal(await empty.ScalarAsync<string>("select current_setting('max_connections')"), settings["max_connections"]);
    }
}
