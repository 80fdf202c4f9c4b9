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

    /// <summary>Once, on a connection for claims or outcomes.</summary>
    public static async Task<T> OnceAsync<T>(LeaseConnections leases, string sql, Action<NpgsqlParameterCollection> bind, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            return await leases.RunAsync((connection, token) => RunAsync(connection, null, sql, bind, read, token), cancellationToken).ConfigureAwait(false);
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

    /// <summary>Several statements in a transaction of their own, or once in the caller's. After a transient error <paramref name="again"/> is called instead, and again.</summary>
    public Task RetryingTransactionAsync(Func<NpgsqlConnection, NpgsqlTransaction, CancellationToken, Task> run, Func<CancellationToken, Task> again, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        transaction is null
            ? retry.RunAsync(
                async (repetition, token) =>
                {
                    await (repetition > 0 ? again(token) : InOwnTransactionAsync(run, token)).ConfigureAwait(false);
                    return true;
                },
                cancellationToken)
            : TranslatingAsync(() => run(ConnectionOf(transaction), transaction, cancellationToken));

    /// <summary>Once, in a transaction of its own that is committed at the end; errors of what runs in it are the caller's own and stay as they are.</summary>
    public Task TransactionOnceAsync(Func<NpgsqlConnection, NpgsqlTransaction, CancellationToken, Task> run, CancellationToken cancellationToken) =>
        InOwnTransactionAsync(run, cancellationToken);

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

    private static NpgsqlConnection ConnectionOf(NpgsqlTransaction transaction)
    {
        NpgsqlConnection? connection = null;
        try
        {
            // Throws when the transaction is over, which Connection does not.
            _ = transaction.IsolationLevel;
            connection = transaction.Connection;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ObjectDisposedException)
        {
            // As good as none.
        }

        return connection is { FullState: not (System.Data.ConnectionState.Closed or System.Data.ConnectionState.Broken) }
            ? connection
            : throw new ConductorException(ConductorErrorCode.InvalidArgument, "The transaction has ended: pass one that is open.");
    }

    public static async Task TranslatingAsync(Func<Task> call)
    {
        try
        {
            await call().ConfigureAwait(false);
        }
        catch (Exception exception) when (SqlStateMap.Translate(exception) is var translated && !ReferenceEquals(translated, exception))
        {
            throw translated;
        }
    }

    private static async Task<T> InTransactionAsync<T>(string sql, Action<NpgsqlParameterCollection> bind, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        T result = default!;
        await TranslatingAsync(async () => result = await RunAsync(ConnectionOf(transaction), transaction, sql, bind, read, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        return result;
    }

    private Task<bool> InOwnTransactionAsync(Func<NpgsqlConnection, NpgsqlTransaction, CancellationToken, Task> run, CancellationToken cancellationToken) =>
        sessions.WithPooledAsync(
            async (connection, token) =>
            {
                var transaction = await connection.BeginTransactionAsync(token).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    await run(connection, transaction, token).ConfigureAwait(false);
                    await transaction.CommitAsync(token).ConfigureAwait(false);
                }

                return true;
            },
            cancellationToken);
}
