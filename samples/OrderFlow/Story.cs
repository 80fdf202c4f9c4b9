using Npgsql;
using PgConductor.Client;

namespace OrderFlow;

/// <summary>Four orders, one for each end; the worker is killed in the middle. Says what happened, and whether it was right.</summary>
internal sealed class Story(string connection, NpgsqlDataSource database, IConductor conductor)
{
    private static readonly TimeSpan _week = TimeSpan.FromDays(7);

    private readonly Shop _shop = new(database, conductor);

    /// <summary>Returns whether every order ended as it should, and nobody paid twice.</summary>
    public async Task<bool> TellAsync()
    {
        await _shop.StockUpAsync("lamp", price: 40, quantity: 5);
        await _shop.StockUpAsync("chair", price: 100, quantity: 1);
        await _shop.TopUpAsync("ada", 500);
        await _shop.TopUpAsync("bob", 10);
        await _shop.TopUpAsync("dora", 100);
        var (ada, _) = await _shop.PlaceAsync("ada", "lamp", 2, _week);
        var (bob, _) = await _shop.PlaceAsync("bob", "lamp", 1, _week);
        var (cem, _) = await _shop.PlaceAsync("cem", "chair", 9, _week);
        var (dora, _) = await _shop.PlaceAsync("dora", "lamp", 1, TimeSpan.FromSeconds(2));
        Order[] orders = [ada, bob, cem, dora];

        using (var victim = WorkerProcess.Start(connection))
        {
            await UntilAsync("select exists (select from orderflow.payments where order_id = $1)", ada.Id);
            victim.Kill();
            Console.WriteLine("ada has paid; the worker was killed with SIGKILL. Another one starts.");
        }

        using var heir = WorkerProcess.Start(connection);
        await ShipAsync(ada);
        Console.WriteLine("bob's card is declined, again and again. Now there is money on it.");
        await _shop.TopUpAsync("bob", 100);
        await ShipAsync(bob);
        Console.WriteLine("nobody ships dora's lamp in time.");
        await UntilAsync("select not exists (select from orderflow.orders where id = any ($1) and status = 'open')", orders.Select(order => order.Id).ToArray());
        return await CheckAsync(orders, [(OrderStatus.Shipped, 1, 80), (OrderStatus.Shipped, 1, 40), (OrderStatus.OutOfStock, 0, 0), (OrderStatus.Refunded, 2, 0)]);
    }

    /// <summary>The warehouse, as soon as it has the order on its list.</summary>
    private async Task ShipAsync(Order order)
    {
        await UntilAsync("select exists (select from orderflow.picking_list where order_id = $1)", order.Id);
        await Warehouse.ShipAsync(order.Id, "post", database, conductor);
        Console.WriteLine($"the warehouse ships {order.Customer}'s {order.Item}");
    }

    private async Task<bool> CheckAsync(Order[] orders, (string Status, long Payments, decimal Paid)[] expected)
    {
        Console.WriteLine($"\n{"order",5}  {"customer",-8}  {"what",-8}  {"status",-12}  {"payments",8}  {"paid",5}");
        var right = true;
        for (var i = 0; i < orders.Length; i++)
        {
            await using var command = database.CreateCommand("""
                select status, (select count(*) from orderflow.payments where order_id = o.id), (select coalesce(sum(amount), 0) from orderflow.payments where order_id = o.id)
                from orderflow.orders o where id = $1
                """);
            command.Parameters.Add(new() { Value = orders[i].Id });
            await using var row = await command.ExecuteReaderAsync();
            await row.ReadAsync();
            var found = (row.GetString(0), row.GetInt64(1), row.GetDecimal(2));
            right &= found == expected[i];
            Console.WriteLine($"{orders[i].Id,5}  {orders[i].Customer,-8}  {orders[i].Quantity} {orders[i].Item,-6}  {found.Item1,-12}  {found.Item2,8}  {found.Item3,5}{(found == expected[i] ? "" : "  WRONG")}");
        }

        return right;
    }

    /// <summary>Looks until a question is answered with yes; two minutes at most.</summary>
    private async Task UntilAsync(string question, object value)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            await using var command = database.CreateCommand(question);
            command.Parameters.Add(new() { Value = value });
            if (await command.ExecuteScalarAsync(limit.Token) is true)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
        }
    }
}
