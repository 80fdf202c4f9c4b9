using Npgsql;
using PgConductor.Bench.Server;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.BenchTests;

public sealed class ServerProcessorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What a session used belongs to the main process once it has ended: counted twice or not at all while that happens, it would go up and down.</summary>
    [Fact]
    public async Task Sessions_that_end_meanwhile_are_counted_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no /proc");
        var connectionString = await TestServer.ConnectionStringAsync();
        await using var pooled = NpgsqlDataSource.Create(connectionString);
        var server = await ServerProcessor.FindAsync(pooled, Token);
        Assert.NotNull(server);

        await using var dataSource = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        var sessions = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            async () =>
            {
                for (var i = 0; i < 20; i++)
                {
                    await using var command = dataSource.CreateCommand("select count(*) from generate_series(1, 200000)");
                    await command.ExecuteScalarAsync(Token);
                }
            },
            Token)));
        List<TimeSpan> used = [];
        while (!sessions.IsCompleted)
        {
            used.Add(ServerProcessor.Used(server)!.Value);
        }

        await sessions;
        Assert.Equal(used.Order(), used);
        Assert.True(used[^1] > used[0]);
    }
}
