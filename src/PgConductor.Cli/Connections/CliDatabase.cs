using PgConductor.Client;
using PgConductor.Postgres;

namespace PgConductor.Cli.Connections;

/// <summary>The database of one command. Disposing it closes the connections and stops the embedded server, if this process owns it.</summary>
internal sealed class CliDatabase(PostgresConnection? connection, LocalPostgres? server, string connectionString, TimeSpan retryTimeout) : IAsyncDisposable
{
    public Conductor Conductor { get; } = new(new ConductorOptions { ConnectionString = connectionString, ApplicationName = "pgconductor-cli", RetryTimeout = retryTimeout });

    /// <summary>The database in words, without its password.</summary>
    public string Description => connection?.Description ?? $"127.0.0.1:{server!.Port}/postgres as postgres";

    /// <summary>With its password.</summary>
    public string ConnectionString => connectionString;

    public LocalPostgres? Server => server;

    public async ValueTask DisposeAsync()
    {
        await Conductor.DisposeAsync();
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }
}
