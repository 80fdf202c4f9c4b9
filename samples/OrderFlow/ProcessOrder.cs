using PgConductor;

namespace OrderFlow;

/// <summary>An order from the cart to the customer, or to the refund: the program to read.</summary>
internal static class ProcessOrder
{
    // docs:start order-flow
    public static readonly TaskDefinition<Order, string> Definition = TaskDefinition.Create<Order, string>("process-order", new TaskOptions
    {
        // A card that is declined is tried again for about a week; then the order is a dead letter, and a person decides.
        MaxAttempts = 180,
        Backoff = [.. new[] { 1, 2, 2, 5, 5, 10, 30, 60, 600, 3600 }.Select(seconds => TimeSpan.FromSeconds(seconds))],

        // A customer's orders are worked on one at a time, whoever runs them. One that waits for its parcel holds up none of the others.
        Limits = new TaskLimits { Key = "customer", ConcurrencyPerKey = 1 },
    });

    public static async Task<string> RunAsync(Order order, TaskContext context)
    {
        try
        {
            // A child: a task of its own with its own retries, run by whichever process is free.
            await context.InvokeAsync("reserve", Stock.Reserve, new Goods(order.Item, order.Quantity));
        }
        catch (ChildFailedException failure) when (failure.FailureType == typeof(OutOfStockException).FullName)
        {
            return await CloseAsync(OrderStatus.OutOfStock);
        }

        // The payment and the step commit together: killed at any instant, the customer pays once.
        await context.TransactionStepAsync("pay", transaction => Payments.TakeAsync(order, context.Now, transaction));

        // Expected before the warehouse hears of the order: however fast it ships, the event is not missed.
        var shipment = await context.ExpectEventAsync<Shipment>("shipped", Warehouse.ShippedEvent(order.Id), timeout: order.ShipWithin);
        await context.TransactionStepAsync("pick", transaction => Warehouse.AskAsync(order, transaction));

        // A week may pass here. It costs neither a slot nor an attempt, and survives every deployment.
        if ((await shipment.WaitAsync()).TimedOut && await context.TransactionStepAsync("withdraw", transaction => WithdrawAsync(order, context.Now, transaction)))
        {
            await context.InvokeAsync("put back", Stock.PutBack, new Goods(order.Item, order.Quantity));
            return await CloseAsync(OrderStatus.Refunded);
        }

        return await CloseAsync(OrderStatus.Shipped);

        async Task<string> CloseAsync(string status)
        {
            await context.TransactionStepAsync("close", transaction => Shop.SetStatusAsync(order.Id, status, transaction));
            return status;
        }
    }
    // docs:end

    /// <summary>The compensation: all of it or none. False when the parcel left in the last moment.</summary>
    private static async Task<bool> WithdrawAsync(Order order, DateTimeOffset now, Npgsql.NpgsqlTransaction transaction)
    {
        var withdrawn = await Warehouse.WithdrawAsync(order.Id, transaction);
        if (withdrawn)
        {
            await Payments.GiveBackAsync(order, now, transaction);
        }

        return withdrawn;
    }
}
