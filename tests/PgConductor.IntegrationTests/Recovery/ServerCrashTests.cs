using System.Diagnostics;
using System.Globalization;
using Npgsql;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using PgConductor.Orchestration;
using PgConductor.Postgres;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Recovery;

/// <summary>The server crashes under load and recovers from its log; a server of the test's own, with durable commits.</summary>
[Collection(Timed.Name)]
public sealed class ServerCrashTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { Backoff = [TimeSpan.FromMilliseconds(50)], MaxAttempts = 20 });

    [Fact]
    public async Task Everything_finishes_exactly_once_across_crashes_of_the_server()
    {
        await using var server = await LocalPostgres.StartAsync(new LocalPostgresOptions(), ct: TestEngine.Token);
        await using var conductor = new Conductor(new ConductorOptions { ConnectionString = server.ConnectionString, RetryTimeout = TimeSpan.FromSeconds(30) });
        await conductor.MigrateAsync(TestEngine.Token);
        var runs = new int[3000];
        var tasks = new TaskCollection().Add(_job, async (number, _) =>
        {
            Interlocked.Increment(ref runs[number]);
            await Task.Delay(1);
        });
        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions { Heartbeat = TimeSpan.FromMilliseconds(500), Takeover = TimeSpan.FromSeconds(30) });
        await orchestrator.StartAsync(TestEngine.Token);
        var ids = new List<Guid>();
        for (var i = 0; i < 1000; i += 100)
        {
            ids.AddRange(await conductor.InvokeManyAsync(_job, Enumerable.Range(i, 100), cancellationToken: TestEngine.Token));
        }

        for (var crash = 0; crash < 2; crash++)
        {
            await CrashAsync(server);
            for (var i = 0; i < 1000; i += 100)
            {
                ids.AddRange(await conductor.InvokeManyAsync(_job, Enumerable.Range(((crash + 1) * 1000) + i, 100), cancellationToken: TestEngine.Token));
            }
        }

        await using var source = NpgsqlDataSource.Create(server.ConnectionString);
        await Eventually.IsTrue(async () => await ScalarAsync(source, "select (select count(*) from pgconductor.executions) + (select count(*) from pgconductor.leases)") == 0, "everything is done", 150);
        Assert.Equal(3000, ids.Distinct().Count());
        Assert.Equal(3000, await ScalarAsync(source, "select count(distinct id) from pgconductor.completed_executions"));
        Assert.Equal(3000, await ScalarAsync(source, "select count(*) from pgconductor.completed_executions"));
        Assert.All(runs, count => Assert.True(count >= 1));
        await orchestrator.StopAsync(TestEngine.Token);
        Assert.Equal(0, await ScalarAsync(source, "select count(*) from pgconductor.orchestrators"));
    }

    /// <summary>Kills one of the server's processes, at which it throws out all sessions and recovers, as after a loss of power.</summary>
    private static async Task CrashAsync(LocalPostgres server)
    {
        var builder = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false };
        await using var victim = new NpgsqlConnection(builder.ConnectionString);
        await victim.OpenAsync(TestEngine.Token);
        using (var kill = Process.Start("kill", ["-KILL", victim.ProcessID.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(TestEngine.Token);
        }

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var command = new NpgsqlCommand("select pg_sleep(10)", victim);
            await command.ExecuteNonQueryAsync(TestEngine.Token);
        });
    }

    private static async Task<long> ScalarAsync(NpgsqlDataSource source, string sql)
    {
        try
        {
            await using var command = source.CreateCommand(sql);
            return (long)(await command.ExecuteScalarAsync(TestEngine.Token))!;
        }
        catch (NpgsqlException)
        {
            return -1;
        }
    }
}
