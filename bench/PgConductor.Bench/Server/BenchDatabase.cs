using Npgsql;

namespace PgConductor.Bench.Server;

/// <summary>A database for one workload; what runs in it goes through the product, except for the limits.</summary>
internal sealed class BenchDatabase(BenchServer server, string name, string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _dataSource = NpgsqlDataSource.Create(connectionString);

    public string ConnectionString => connectionString;

    /// <summary>For the limits, and for facts that only the server knows.</summary>
    public NpgsqlDataSource DataSource => _dataSource;

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = _dataSource.CreateCommand(sql);
        command.CommandTimeout = 600;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Brings server and process to rest before something is measured, so that nobody pays for what was before.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync("checkpoint", cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // Only noise: a checkpoint may then fall into the measured time.
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    public async ValueTask DisposeAsync()
    {
        await _dataSource.DisposeAsync();
        await server.DropDatabaseAsync(name);
    }
}
