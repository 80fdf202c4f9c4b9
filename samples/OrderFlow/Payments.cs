using Npgsql;

namespace OrderFlow;

/// <summary>Fails the attempt; the order tries again later.</summary>
internal sealed class PaymentDeclinedException(Order order) : Exception($"{order.Customer} cannot pay {order.Amount} for order {order.Id} now");

/// <summary>The customers' money. Nothing here keeps a payment from being taken twice: the step that calls it does.</summary>
internal static class Payments
{
    public static async Task TakeAsync(Order order, DateTimeOffset now, NpgsqlTransaction transaction)
    {
        if (await transaction.ExecuteAsync("update orderflow.accounts set balance = balance - $2 where customer = $1 and balance >= $2", order.Customer, order.Amount) == 0)
        {
            throw new PaymentDeclinedException(order);
        }

        await BookAsync(order, order.Amount, now, transaction);
    }

    public static async Task GiveBackAsync(Order order, DateTimeOffset now, NpgsqlTransaction transaction)
    {
        await transaction.ExecuteAsync("update orderflow.accounts set balance = balance + $2 where customer = $1", order.Customer, order.Amount);
        await BookAsync(order, -order.Amount, now, transaction);
    }

    private static Task<int> BookAsync(Order order, decimal amount, DateTimeOffset now, NpgsqlTransaction transaction) =>
        transaction.ExecuteAsync("insert into orderflow.payments (order_id, customer, amount, at) values ($1, $2, $3, $4)", order.Id, order.Customer, amount, now.UtcDateTime);
}
