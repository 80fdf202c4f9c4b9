using Npgsql;

namespace PgConductor.Database;

/// <summary>Runs one SQL function on a pooled connection or in the caller's transaction, with errors translated.</summary>
internal sealed class Calls(Sessions sessions, TransientRetry retry)
{
    /// <summary>Once, on a pooled connection.</summary>
    public async Task<T> OnceAsync<T>(string sql, Action<NpgsqlParameterCollection> bind, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            return await sessions.WithPooledAsync((connection, token) => RunAsync(connection, null, sql, bind, read, token), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (SqlStateMap.Translate(exception) is var translated && !ReferenceEquals(translated, exception))
        {
            throw translated;
        }
    }

    /// <summary>On a pooled connection, again after transient errors; or once, in the caller's transaction. <paramref name="bind"/> is told whether this is a repetition.</summary>
    public Task<T> RetryingAsync<T>(string sql, Action<NpgsqlParameterCollection, bool> bind, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        transaction is null
            ? retry.RunAsync((repetition, token) => OnceAsync(sql, parameters => bind(parameters, repetition > 0), read, token), cancellationToken)
            : InTransactionAsync(sql, parameters => bind(parameters, false), read, transaction, cancellationToken);

    public Task<T> RetryingAsync<T>(string sql, Action<NpgsqlParameterCollection> bind, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        RetryingAsync(sql, (parameters, _) => bind(parameters), read, null, cancellationToken);

    /// <summary>Reads every row.</summary>
    public static Func<NpgsqlDataReader, CancellationToken, Task<IReadOnlyList<T>>> Rows<T>(Func<NpgsqlDataReader, T> row) =>
        async (reader, cancellationToken) =>
        {
            var rows = new List<T>();
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                rows.Add(row(reader));
            }

            return rows;
        };

    /// <summary>Reads the only row.</summary>
    public static Func<NpgsqlDataReader, CancellationToken, Task<T>> Row<T>(Func<NpgsqlDataReader, T> row) =>
        async (reader, cancellationToken) =>
            await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
                ? row(reader)
                : throw new InvalidOperationException("The function returned no row.");

    public static T? Nullable<T>(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? default : reader.GetFieldValue<T>(ordinal);

    public static async Task<T> RunAsync<T>(NpgsqlConnection connection, NpgsqlTransaction? transaction, string sql, Action<NpgsqlParameterCollection> bind, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        await using (command.ConfigureAwait(false))
        {
            bind(command.Parameters);
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                return await read(reader, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static async Task<T> InTransactionAsync<T>(string sql, Action<NpgsqlParameterCollection> bind, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var connection = ConnectionOf(transaction)
            ?? throw new ConductorException(ConductorErrorCode.InvalidArgument, "The transaction has ended: pass one that is open.");
        try
        {
            return await RunAsync(connection, transaction, sql, bind, read, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (SqlStateMap.Translate(exception) is var translated && !ReferenceEquals(translated, exception))
        {
            throw translated;
        }
    }

    /// <summary>Null: the transaction is over, or its connection is closed.</summary>
    private static NpgsqlConnection? ConnectionOf(NpgsqlTransaction transaction)
    {
        try
        {
            // Throws when it is over, which Connection does not.
            _ = transaction.IsolationLevel;
            return transaction.Connection is { FullState: not (System.Data.ConnectionState.Closed or System.Data.ConnectionState.Broken) } open ? open : null;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ObjectDisposedException)
        {
            return null;
        }
    }
}
