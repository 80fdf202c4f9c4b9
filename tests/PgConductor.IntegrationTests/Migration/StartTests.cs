using PgConductor.IntegrationTests.Support;
using PgConductor.Orchestration;
using PgConductor.Schema;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Migration;

/// <summary>N14, and starts on databases in all conditions.</summary>
public sealed class StartTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    [Fact]
    public async Task Sixteen_processes_that_start_at_once_on_an_empty_database_all_work()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var ran = 0;
        var tasks = new TaskCollection().Add(_job, (_, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.CompletedTask;
        });
        var conductors = Enumerable.Range(0, 16).Select(_ => database.NewConductor()).ToArray();
        var orchestrators = conductors.Select(conductor => new Orchestrator(conductor, tasks)).ToArray();

        await Task.WhenAll(orchestrators.Select(orchestrator => orchestrator.StartAsync(TestEngine.Token)));

        Assert.Equal(16, await database.ScalarAsync<long>("select count(*) from pgconductor.orchestrators"));
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from pgconductor.migrations where version = 1"));
        await conductors[0].InvokeManyAsync(_job, Enumerable.Range(0, 500), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(() => ran == 500, "all ran");
        await Task.WhenAll(orchestrators.Select(orchestrator => orchestrator.DisposeAsync().AsTask()));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.orchestrators"));
        Assert.Equal(500, await database.ScalarAsync<long>("select count(*) from pgconductor.completed_executions"));
        await Task.WhenAll(conductors.Select(conductor => conductor.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task Real_processes_that_start_at_once_on_an_empty_database_all_work()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var workers = Enumerable.Range(0, 4).Select(_ => WorkerProcess.Begin(database, "takeover=60000", "heartbeat=1000")).ToArray();
        try
        {
            await Task.WhenAll(workers.Select(worker => worker.SaysAsync("ready", seconds: 90)));
            Assert.Equal(4, await database.ScalarAsync<long>("select count(*) from pgconductor.orchestrators"));
        }
        finally
        {
            Array.ForEach(workers, worker => worker.Dispose());
        }
    }

    [Fact]
    public async Task Without_the_schema_and_without_leave_to_install_it_the_start_says_what_to_do()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var conductor = database.NewConductor(options => options with { RetryTimeout = TimeSpan.Zero });
        await using var orchestrator = new Orchestrator(conductor, new TaskCollection().Add(_job, (_, _) => Task.CompletedTask), new OrchestratorOptions { Migrate = false });

        var error = await Assert.ThrowsAsync<ConductorException>(() => orchestrator.StartAsync(TestEngine.Token));
        Assert.Equal(ConductorErrorCode.Schema, error.Code);
        Assert.Contains("pgconductor migrate", error.Message, StringComparison.Ordinal);
        Assert.Equal(ConductorErrorCode.Schema, (await Assert.ThrowsAsync<ConductorException>(() => conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token))).Code);
    }

    [Fact]
    public async Task A_second_start_migrates_nothing_and_a_changed_function_is_put_back()
    {
        await using var engine = await TestEngine.CreateAsync();
        var before = await engine.Database.ScalarAsync<DateTime>("select max(applied_at) from pgconductor.function_scripts");

        Assert.Equal(MigrationStore.Embedded.LatestVersion, await engine.Conductor.MigrateAsync(TestEngine.Token));
        Assert.Equal(before, await engine.Database.ScalarAsync<DateTime>("select max(applied_at) from pgconductor.function_scripts"));

        await engine.Database.ExecuteAsync("update pgconductor.function_scripts set checksum = 'older' where path like '%/invoke.sql'; drop function pgconductor.list_tasks");
        await engine.Database.ExecuteAsync("update pgconductor.function_scripts set checksum = 'older' where path like '%/list_tasks.sql'");
        await engine.Conductor.MigrateAsync(TestEngine.Token);
        Assert.NotEmpty((await engine.Conductor.ListQueuesAsync(TestEngine.Token)).Select(queue => queue.Name));
        Assert.Empty(await engine.Conductor.ListTasksAsync(TestEngine.Token));
        Assert.Equal(0, await engine.CountAsync("function_scripts", "checksum = 'older'"));
    }

    [Fact]
    public async Task A_statement_timeout_does_not_end_a_migration()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var conductor = database.NewConductor(options => options with { StatementTimeout = TimeSpan.FromMilliseconds(100), RetryTimeout = TimeSpan.Zero });

        // Somebody else is at it, for longer than the limit.
        await using var connection = await database.DataSource.OpenConnectionAsync(TestEngine.Token);
        await using var transaction = await connection.BeginTransactionAsync(TestEngine.Token);
        await using (var take = new Npgsql.NpgsqlCommand("select pg_advisory_xact_lock(1885823587, 0)", connection, transaction))
        {
            await take.ExecuteNonQueryAsync(TestEngine.Token);
        }

        var migrating = conductor.MigrateAsync(TestEngine.Token);
        await Task.WhenAny(migrating, Task.Delay(2500, TestEngine.Token));
        Assert.False(migrating.IsCompleted);
        await transaction.CommitAsync(TestEngine.Token);

        Assert.Equal(MigrationStore.Embedded.LatestVersion, await migrating);
    }
}
