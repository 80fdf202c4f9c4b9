using System.Data;
using Npgsql;
using PgConductor.Bench.Server;

namespace PgConductor.Bench.Workloads;

/// <summary>A transaction that somebody forgot: rows deleted while it is open cannot be cleaned up. Disposing it rolls it back.</summary>
internal sealed class HorizonHolder : IAsyncDisposable
{
    /// <summary>A REPEATABLE READ transaction that has read something, as long reports are.</summary>
    public const string Reader = "reader";

    /// <summary>A transaction that has written something and is idle since.</summary>
    public const string Writer = "writer";

    /// <summary>A pg_dump of the database that does not come to its end.</summary>
    public const string Dump = "dump";

    public static readonly IReadOnlyList<string> All = [Reader, Writer, Dump];

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private HorizonHolder(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        _connection = connection;
        _transaction = transaction;
    }

    public static async Task<IAsyncDisposable> OpenAsync(BenchDatabase database, string kind, CancellationToken cancellationToken)
    {
        if (kind == Dump)
        {
            return await StalledDump.StartAsync(database, cancellationToken);
        }

        await database.ExecuteAsync("create table if not exists public.horizon_holder (n integer)", cancellationToken);
        var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        var writes = kind == Writer;
        var transaction = await connection.BeginTransactionAsync(writes ? IsolationLevel.ReadCommitted : IsolationLevel.RepeatableRead, cancellationToken);
        await using var command = new NpgsqlCommand(writes ? "insert into public.horizon_holder values (1)" : "select count(*) from public.horizon_holder", connection, transaction);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return new HorizonHolder(connection, transaction);
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
