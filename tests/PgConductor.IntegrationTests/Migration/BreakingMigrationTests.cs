using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.Schema;
using Xunit;

namespace PgConductor.IntegrationTests.Migration;

/// <summary>N13: migrations while processes of the version before live, are dead, or are wedged.</summary>
[Collection(Timed.Name)]
public sealed class BreakingMigrationTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    private static int Next => MigrationStore.Embedded.LatestVersion + 1;

    [Fact]
    public async Task A_breaking_one_waits_for_who_leaves_and_fences_the_slow_the_wedged_and_the_dead()
    {
        await using var engine = await TestEngine.CreateAsync();

        // Nobody takes over from anybody here: it is the migration that puts back.
        string[] settings = ["concurrency=5", "takeover=60000", "drain=60000"];
        using var live = await WorkerProcess.StartAsync(engine.Database, [.. settings, "queue=live", "handler=slow", "slow=20"]);
        using var slow = await WorkerProcess.StartAsync(engine.Database, [.. settings, "queue=slow", "handler=stubborn"]);
        using var wedged = await WorkerProcess.StartAsync(engine.Database, [.. settings, "queue=wedged", "handler=stubborn"]);
        using var dead = await WorkerProcess.StartAsync(engine.Database, [.. settings, "queue=dead", "handler=gate"]);
        await InvokeAsync(engine, "live", 1000);
        foreach (var (process, queue) in new[] { (slow, "slow"), (wedged, "wedged"), (dead, "dead") })
        {
            await InvokeAsync(engine, queue, 5);
            await process.SaysAsync("start", 5);
        }

        await live.SaysAsync("end", 5);
        await dead.KillAsync();
        await wedged.SignalAsync("STOP");

        Assert.Equal(Next, await MigrateAsync(engine, "--! breaking\nalter table pgconductor.executions add column of_the_next_version integer;"));

        // The live one has left by itself, with everything it had begun done.
        await live.ExitAsync();
        Assert.Equal((0, 1), (live.ExitCode, live.Said("stopped").Length));
        Assert.Equal(live.Said("end").Length, await engine.CountAsync("completed_executions", "queue = 'live' and attempts = 1"));
        Assert.Equal(1000 - live.Said("end").Length, await engine.CountAsync("executions", "queue = 'live' and attempts = 0"));

        // The others are fenced: what they had waits for the next version.
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
        Assert.Equal(0, await engine.CountAsync("leases"));
        Assert.Equal(15, await engine.CountAsync("executions", "queue <> 'live' and attempts = 1 and errors -> 0 ->> 'type' = 'Crashed'"));

        // They notice, and what they still do counts for nothing; they end by themselves, and do not come back.
        await wedged.SignalAsync("CONT");
        foreach (var process in new[] { slow, wedged })
        {
            await process.SaysAsync("cancelled", 5);
            await process.SaysAsync("fenced");
            await process.OpenAsync();
            await process.ExitAsync();
            Assert.Equal(0, process.ExitCode);
            Assert.Equal(5, process.Said("end").Length);
        }

        Assert.Equal(15, await engine.CountAsync("executions", "queue <> 'live'"));
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
        Assert.Equal(0, await engine.CountAsync("completed_executions", "queue <> 'live'"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_breaking_one_a_process_of_the_version_before_does_not_start_and_one_of_the_next_does(bool migrate)
    {
        await using var engine = await TestEngine.CreateAsync();
        await MigrateAsync(engine, "--! breaking\nselect 1;");

        var error = await Assert.ThrowsAsync<ConductorException>(() => engine.StartAsync(new TaskCollection().Add(_job, (_, _) => Task.CompletedTask), options => options with { Migrate = migrate }));

        Assert.Equal(ConductorErrorCode.Schema, error.Code);
        Assert.Contains($"version {Next} broke", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
        await engine.Conductor.Database.RegisterOrchestratorAsync(Guid.CreateVersion7(), "next", "2.0.0", Next, TestEngine.Token);
    }

    [Fact]
    public async Task Others_stop_nobody()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var live = await WorkerProcess.StartAsync(engine.Database, "handler=slow", "slow=2");
        await InvokeAsync(engine, "default", 500);
        await live.SaysAsync("end", 20);

        Assert.Equal(Next, await MigrateAsync(engine, "alter table pgconductor.executions add column of_the_next_version integer;"));
        Assert.Equal(0, await engine.CountAsync("signals"));
        await live.SaysAsync("end", 500);
        await engine.IsDoneAsync();

        Assert.Equal(500, await engine.CountAsync("completed_executions", "attempts = 1"));
        Assert.Equal(1, await engine.CountAsync("orchestrators", $"id = '{live.OrchestratorId}'"));
        Assert.Empty(live.Said("fenced"));

        // One more of the version before starts beside it.
        await engine.StartAsync(new TaskCollection().Add(_job, (_, _) => Task.CompletedTask));
    }

    private static async Task InvokeAsync(TestEngine engine, string queue, int count)
    {
        await engine.Conductor.CreateQueueAsync(queue, cancellationToken: TestEngine.Token);
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, count), new InvokeOptions { Queue = queue }, cancellationToken: TestEngine.Token);
    }

    /// <summary>As the next version of the library would, which has one migration more.</summary>
    private static async Task<int> MigrateAsync(TestEngine engine, string sql)
    {
        var embedded = MigrationStore.Embedded;
        var store = MigrationStore.Load(
        [
            .. embedded.Migrations.Select(migration => KeyValuePair.Create($"sql/migrations/{migration.Version:0000}_{migration.Name}.sql", migration.Sql)),
            .. embedded.Scripts.Select(script => KeyValuePair.Create(script.Path, script.Sql)),
            KeyValuePair.Create($"sql/migrations/{Next:0000}_next.sql", sql),
        ]);
        await using var sessions = new Sessions(new ConductorOptions { ConnectionString = engine.Database.ConnectionString });
        var retry = new TransientRetry(TimeSpan.FromSeconds(30), TimeProvider.System);
        return await new SchemaManager(sessions, retry, store, new OlderProcesses(sessions, retry, TimeProvider.System), grace: TimeSpan.FromSeconds(3)).EnsureLatestAsync(TestEngine.Token);
    }
}
