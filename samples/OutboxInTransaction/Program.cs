using Npgsql;
using OutboxInTransaction;
using PgConductor.Client;
using PgConductor.Orchestration;
using PgConductor.Postgres;

await using var postgres = await PostgresConnection.ResolveAsync(args.FirstOrDefault());
await using var conductor = new Conductor(new() { ConnectionString = postgres.ConnectionString });
await conductor.MigrateAsync();

var shop = new Shop(postgres.ConnectionString, conductor);
await shop.CreateTableAsync();

var paid = await shop.PlaceOrderAsync("ada@example.org", cardIsGood: true);
try
{
    await shop.PlaceOrderAsync("bob@example.org", cardIsGood: false);
}
catch (InvalidOperationException exception)
{
    Console.WriteLine($"bob's order was refused: {exception.Message}");
}

var tasks = new PgConductor.TaskCollection().Add(Shop.SendReceipt, (receipt, _) =>
{
    Console.WriteLine($"receipt of order {receipt.Order} sent to {receipt.Email}");
    return Task.CompletedTask;
});
await using var orchestrator = new Orchestrator(conductor, tasks);
await orchestrator.DrainAsync();

var receipts = await conductor.ListAsync(new ExecutionQuery { TaskKey = Shop.SendReceipt.Key });
await using var connection = new NpgsqlConnection(postgres.ConnectionString);
await connection.OpenAsync();
await using var count = new NpgsqlCommand("select count(*) from sample_orders", connection);
Console.WriteLine($"{await count.ExecuteScalarAsync()} order, {receipts.Count} receipt, of order {paid}");
return receipts.Count == 1 ? 0 : 1;
