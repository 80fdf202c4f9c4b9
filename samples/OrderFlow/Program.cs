using System.Globalization;
using Npgsql;
using OrderFlow;
using PgConductor.Client;
using PgConductor.Postgres;

const string Usage = """
    OrderFlow                                  tells the story of four orders, on DATABASE_URL or a private server
    OrderFlow worker [--hurry]                 runs orders and reports until Ctrl+C
    OrderFlow order CUSTOMER ITEM QUANTITY [DAYS]   places one; to be shipped within 7 days
    OrderFlow ship ORDER                       the warehouse ships it
    OrderFlow top-up CUSTOMER AMOUNT           puts money on an account
    OrderFlow stock ITEM PRICE QUANTITY        fills a shelf
    """;

// DATABASE_URL, or a private server that ends with this program.
await using var postgres = await PostgresConnection.ResolveAsync(null);
if (args is ["order" or "ship" or "top-up" or "stock", ..] && postgres.IsEmbedded)
{
    Console.Error.WriteLine("Set DATABASE_URL to the database that the worker works with.");
    return 2;
}

await using var conductor = new Conductor(new() { ConnectionString = postgres.ConnectionString, ApplicationName = "order-flow-client" });
await using var database = NpgsqlDataSource.Create(postgres.ConnectionString);
await conductor.MigrateAsync();
await Shop.CreateTablesAsync(database);
var shop = new Shop(database, conductor);
try
{
    switch (args)
    {
        case []:
            return await new Story(postgres.ConnectionString, database, conductor).TellAsync() ? 0 : 1;
        case ["worker", .. var flags]:
            await WorkerProcess.RunAsync(postgres.ConnectionString, hurry: flags.Contains("--hurry"));
            return 0;
        case ["order", var customer, var item, var quantity, .. var days]:
            var within = TimeSpan.FromDays(days is [var given] ? double.Parse(given, CultureInfo.InvariantCulture) : 7);
            var (order, handle) = await shop.PlaceAsync(customer, item, int.Parse(quantity, CultureInfo.InvariantCulture), within);
            Console.WriteLine($"order {order.Id} for {order.Amount}: execution {handle.Id}");
            return 0;
        case ["ship", var number]:
            var shipped = await Warehouse.ShipAsync(long.Parse(number, CultureInfo.InvariantCulture), "post", database, conductor);
            Console.WriteLine(shipped ? "shipped" : "it is not on the picking list");
            return shipped ? 0 : 1;
        case ["top-up", var customer, var amount]:
            await shop.TopUpAsync(customer, decimal.Parse(amount, CultureInfo.InvariantCulture));
            return 0;
        case ["stock", var item, var price, var quantity]:
            await shop.StockUpAsync(item, decimal.Parse(price, CultureInfo.InvariantCulture), int.Parse(quantity, CultureInfo.InvariantCulture));
            return 0;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}
catch (Exception exception) when (exception is ArgumentException or FormatException)
{
    Console.Error.WriteLine($"{exception.Message}\n\n{Usage}");
    return 2;
}
