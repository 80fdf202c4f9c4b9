using Npgsql;
using PgConductor;
using PgConductor.Client;

namespace OrderFlow;

/// <summary>The shop: its tables, its tasks, and how an order is placed.</summary>
internal sealed class Shop(NpgsqlDataSource database, IConductor conductor)
{
    public const string Service = "order-flow";

    public static TaskCollection Tasks() => NightlyReport.AddTo(new TaskCollection()
        .Add(ProcessOrder.Definition, ProcessOrder.RunAsync)
        .Add(Stock.Reserve, Stock.ReserveAsync)
        .Add(Stock.PutBack, Stock.PutBackAsync));

    /// <summary>Makes the shop's tables, beside PgConductor's in the same database.</summary>
    public static async Task CreateTablesAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("""
            create schema if not exists orderflow;
            create table if not exists orderflow.accounts (customer text primary key, balance numeric not null check (balance >= 0));
            create table if not exists orderflow.stock (item text primary key, price numeric not null, quantity int not null check (quantity >= 0));
            create table if not exists orderflow.orders (id bigint generated always as identity primary key,
                customer text not null, item text not null, quantity int not null, amount numeric not null, status text not null);
            create table if not exists orderflow.payments (id bigint generated always as identity primary key,
                order_id bigint not null, customer text not null, amount numeric not null, at timestamptz not null);
            create table if not exists orderflow.picking_list (order_id bigint primary key, item text not null, quantity int not null, carrier text);
            create table if not exists orderflow.daily_reports (day date primary key, payments bigint not null, earned numeric not null);
            """);
        await command.ExecuteNonQueryAsync();
    }

    public static Task SetStatusAsync(long order, string status, NpgsqlTransaction transaction) =>
        transaction.ExecuteAsync("update orderflow.orders set status = $2 where id = $1", order, status);

    /// <summary>Stores the order and enqueues its processing: both, or neither.</summary>
    /// <exception cref="ArgumentException">There is no such item.</exception>
    public async Task<(Order Order, ExecutionHandle<string> Handle)> PlaceAsync(string customer, string item, int quantity, TimeSpan shipWithin)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand(
            "insert into orderflow.orders (customer, item, quantity, amount, status) select $1, item, $3, price * $3, $4 from orderflow.stock where item = $2 returning id, amount",
            connection,
            transaction)
        {
            Parameters = { new() { Value = customer }, new() { Value = item }, new() { Value = quantity }, new() { Value = OrderStatus.Open } },
        };
        Order order;
        await using (var row = await insert.ExecuteReaderAsync())
        {
            if (!await row.ReadAsync())
            {
                throw new ArgumentException($"The shop has no \"{item}\": look at orderflow.stock.", nameof(item));
            }

            order = new Order(row.GetInt64(0), customer, item, quantity, row.GetDecimal(1), shipWithin);
        }

        var handle = await conductor.InvokeAsync(ProcessOrder.Definition, order, transaction: transaction);
        await transaction.CommitAsync();
        return (order, handle);
    }

    public async Task TopUpAsync(string customer, decimal amount)
    {
        await using var command = database.CreateCommand("insert into orderflow.accounts values ($1, $2) on conflict (customer) do update set balance = accounts.balance + excluded.balance");
        command.Parameters.Add(new() { Value = customer });
        command.Parameters.Add(new() { Value = amount });
        await command.ExecuteNonQueryAsync();
    }

    public async Task StockUpAsync(string item, decimal price, int quantity)
    {
        await using var command = database.CreateCommand("insert into orderflow.stock values ($1, $2, $3) on conflict (item) do update set price = excluded.price, quantity = stock.quantity + excluded.quantity");
        command.Parameters.Add(new() { Value = item });
        command.Parameters.Add(new() { Value = price });
        command.Parameters.Add(new() { Value = quantity });
        await command.ExecuteNonQueryAsync();
    }
}
