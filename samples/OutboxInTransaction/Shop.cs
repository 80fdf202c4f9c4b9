using Npgsql;
using PgConductor;
using PgConductor.Client;

namespace OutboxInTransaction;

internal sealed record Receipt(long Order, string Email);

/// <summary>Orders and their receipts: either both are there or neither is.</summary>
internal sealed class Shop(string connectionString, IConductor conductor)
{
    public static TaskDefinition<Receipt, NoResult> SendReceipt { get; } = TaskDefinition.Create<Receipt>("send-receipt");

    public async Task CreateTableAsync()
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("create table if not exists sample_orders (id bigint generated always as identity primary key, email text not null)", connection);
        await command.ExecuteNonQueryAsync();
    }

    // docs:start enqueue-in-transaction
    public async Task<long> PlaceOrderAsync(string email, bool cardIsGood)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        await using var insert = new NpgsqlCommand("insert into sample_orders (email) values ($1) returning id", connection, transaction)
        {
            Parameters = { new() { Value = email } },
        };
        var order = (long)(await insert.ExecuteScalarAsync())!;

        // In the same transaction: the receipt is enqueued if and only if the order is stored.
        await conductor.InvokeAsync(SendReceipt, new Receipt(order, email), transaction: transaction);

        if (!cardIsGood)
        {
            throw new InvalidOperationException("the card was declined"); // rolls back both
        }

        await transaction.CommitAsync();
        return order;
    }
    // docs:end
}
