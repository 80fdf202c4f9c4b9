using System.Data;
using Npgsql;
using PgConductor.Bench.Server;

namespace PgConductor.Bench.Workloads;

/// <summary>A transaction that somebody forgot: rows deleted while it is open cannot be cleaned up. Disposing it rolls it back.</summary>
internal sealed class HorizonHolder : IAsyncDisposable
{
    /// <summary>A REPEATABLE READ transaction that has read something, as pg_dump and reports are.</summary>
    public const string Reader = "reader";

    /// <summary>A transaction that has written something and is idle since.</summary>
    public const string Writer = "writer";

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private HorizonHolder(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        _connection = connection;
        _transaction = transaction;
    }

    public static async Task<HorizonHolder> OpenAsync(BenchDatabase database, string kind, CancellationToken cancellationToken)
    {
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
