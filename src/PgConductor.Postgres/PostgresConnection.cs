using Microsoft.Extensions.Logging;
using Npgsql;

namespace PgConductor.Postgres;

/// <summary>The database a program works with: the one it was told, else the one of its environment, else a local server of its own.</summary>
/// <remarks>Disposing it stops the local server, if there is one. Members may be used from any thread.</remarks>
public sealed class PostgresConnection : IAsyncDisposable
{
    /// <summary>The environment variable that names a database: DATABASE_URL.</summary>
    public const string Variable = "DATABASE_URL";

    private PostgresConnection(string connectionString, PostgresConnectionSource source, LocalPostgres? server)
    {
        ConnectionString = connectionString;
        Source = source;
        Server = server;
    }

    /// <summary>A connection string for Npgsql. It may hold a password; show <see cref="Description"/> instead.</summary>
    public string ConnectionString { get; }

    /// <summary>Where the connection came from.</summary>
    public PostgresConnectionSource Source { get; }

    /// <summary>The local server; null unless <see cref="IsEmbedded"/>.</summary>
    public LocalPostgres? Server { get; }

    /// <summary>Whether the database is on a local server that this package started or attached to.</summary>
    public bool IsEmbedded => Server is not null;

    /// <summary>The database in words for a user, without secrets: "localhost:5432/shop as app".</summary>
    public string Description
    {
        get
        {
            var parts = new NpgsqlConnectionStringBuilder(ConnectionString);
            // Npgsql's own default port is left out of a list of hosts that may carry theirs.
            string host = parts.Host?.Contains(',', StringComparison.Ordinal) == true ? parts.Host : $"{parts.Host}:{parts.Port}";
            return $"{host}/{parts.Database ?? parts.Username}{(parts.Username is { } user ? $" as {user}" : "")}";
        }
    }

    /// <summary>Chooses the database: an explicit connection wins, then DATABASE_URL, then a local server is started.</summary>
    /// <param name="explicitConnection">An Npgsql connection string or a postgres:// URL; null or blank when none was given.</param>
    /// <param name="embedded">How to start the local server, if it comes to that; null for a temporary one.</param>
    /// <param name="logger">Receives what the local server does; null for nothing.</param>
    /// <param name="ct">Gives up the start of a local server.</param>
    /// <returns>The connection. It was not tried, unless it is the local server's.</returns>
    /// <exception cref="LocalPostgresException">The text is not a connection (invalid-connection), or the local server cannot be had.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static async Task<PostgresConnection> ResolveAsync(
        string? explicitConnection,
        LocalPostgresOptions? embedded = null,
        ILogger? logger = null,
        CancellationToken ct = default
    ) => await ResolveAsync(explicitConnection, Environment.GetEnvironmentVariable, embedded, logger, ct).ConfigureAwait(false);

    internal static async Task<PostgresConnection> ResolveAsync(
        string? explicitConnection,
        Func<string, string?> variable,
        LocalPostgresOptions? embedded,
        ILogger? logger,
        CancellationToken ct
    )
    {
        if (!string.IsNullOrWhiteSpace(explicitConnection))
        {
            return new PostgresConnection(PostgresUrl.ToConnectionString(explicitConnection), PostgresConnectionSource.Explicit, null);
        }

        if (variable(Variable) is { } url && !string.IsNullOrWhiteSpace(url))
        {
            return new PostgresConnection(PostgresUrl.ToConnectionString(url), PostgresConnectionSource.Environment, null);
        }

        LocalPostgres server = await LocalPostgres.StartAsync(embedded, logger, ct).ConfigureAwait(false);
        return new PostgresConnection(server.ConnectionString, PostgresConnectionSource.Embedded, server);
    }

    /// <summary>Stops the local server, if there is one.</summary>
    /// <returns>Ends when it has ended.</returns>
    /// <exception cref="LocalPostgresException">The local server does not end (stop-failed).</exception>
    public ValueTask DisposeAsync() => Server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
