using Npgsql;
using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Servers;

/// <summary>How the superuser reaches a local server.</summary>
internal sealed record ServerEndpoint(int Port, string Password)
{
    public const string Superuser = "postgres";

    /// <summary>A pooled connection string.</summary>
    public string ConnectionString => Builder().ConnectionString;

    // The server is told to ask for SCRAM; to insist on it here keeps the password from a stranger who took the port.
    private NpgsqlConnectionStringBuilder Builder() =>
        new()
        {
            Host = "127.0.0.1",
            Port = Port,
            Username = Superuser,
            Password = Password,
            Database = "postgres",
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
            RequireAuth = "ScramSHA256",
        };

    /// <summary>Asks until the server of a data folder answers a query.</summary>
    /// <returns>False when it will not: <paramref name="ended"/> completed first.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled first.</exception>
    public async Task<bool> WaitUntilItAnswersAsync(string data, Task ended, CancellationToken ct)
    {
        while (!ended.IsCompleted)
        {
            if (await AnswersAsync(data, ct).ConfigureAwait(false))
            {
                return true;
            }

            await Task.Delay(Deadline.Interval, TimeProvider.System, ct).ConfigureAwait(false);
        }

        return false;
    }

    /// <summary>Whether a server answers now, and is the one of this data folder and not a stranger on the same port.</summary>
    public async Task<bool> AnswersAsync(string data, CancellationToken ct)
    {
        NpgsqlConnectionStringBuilder builder = Builder();
        builder.Pooling = false;
        builder.Timeout = 3;
        builder.CommandTimeout = 3;
        var connection = new NpgsqlConnection(builder.ConnectionString);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                await connection.OpenAsync(ct).ConfigureAwait(false);
                var command = new NpgsqlCommand("select current_setting('data_directory')", connection);
                await using (command.ConfigureAwait(false))
                {
                    string? served = await command.ExecuteScalarAsync(ct).ConfigureAwait(false) as string;
                    return served is not null && Path.GetFullPath(served) == Path.GetFullPath(data);
                }
            }
            catch (NpgsqlException)
            {
                // Refused, starting up, or someone else's server: the caller asks again until its time is over.
                return false;
            }
        }
    }
}
