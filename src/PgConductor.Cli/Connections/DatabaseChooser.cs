using PgConductor.Postgres;

namespace PgConductor.Cli.Connections;

/// <summary>Chooses the database: --connection, then the config file's, then DATABASE_URL, then the embedded server.</summary>
internal sealed class DatabaseChooser(string? option, string? configured, Func<string, string?> variable, string directory)
{
    private static readonly TimeSpan _patient = TimeSpan.FromSeconds(30);

    private string? Named => new[] { option, configured, variable(PostgresConnection.Variable) }.FirstOrDefault(text => !string.IsNullOrWhiteSpace(text));

    /// <summary>The named database, or the embedded server if it runs.</summary>
    /// <exception cref="CliException">There is neither.</exception>
    public async Task<CliDatabase> AttachAsync(TimeSpan retryTimeout, CancellationToken cancellationToken)
    {
        if (Named is { } named)
        {
            return await OpenAsync(named, retryTimeout, cancellationToken);
        }

        return await LocalPostgres.TryAttachAsync(directory, ct: cancellationToken) is { } server
            ? new CliDatabase(null, server, server.ConnectionString, retryTimeout)
            : throw new CliException(
                ExitCodes.Unavailable,
                ConductorErrorCode.Unavailable,
                $"There is no database to talk to: give --connection, a --config with \"connection\", or the variable {PostgresConnection.Variable}; or start the embedded server with `pgconductor dev` (none runs in \"{directory}\").");
    }

    /// <summary>The named database, or the embedded server, started if it does not run.</summary>
    public async Task<CliDatabase> StartAsync(CancellationToken cancellationToken)
    {
        if (Named is { } named)
        {
            return await OpenAsync(named, _patient, cancellationToken);
        }

        var server = await LocalPostgres.StartAsync(new LocalPostgresOptions { Directory = directory }, ct: cancellationToken);
        return new CliDatabase(null, server, server.ConnectionString, _patient);
    }

    private static async Task<CliDatabase> OpenAsync(string named, TimeSpan retryTimeout, CancellationToken cancellationToken)
    {
        var connection = await PostgresConnection.ResolveAsync(named, ct: cancellationToken);
        return new CliDatabase(connection, null, connection.ConnectionString, retryTimeout);
    }
}
