using PgConductor;

namespace OrderFlow;

internal sealed record Goods(string Item, int Quantity);

/// <summary>Thrown where trying again would not help; the parent sees it as a <see cref="ChildFailedException"/>.</summary>
internal sealed class OutOfStockException(Goods goods) : NonRetryableException($"there are not {goods.Quantity} of \"{goods.Item}\" in stock");

/// <summary>The shelves. Both tasks are children of an order.</summary>
internal static class Stock
{
    public static readonly TaskDefinition<Goods, NoResult> Reserve = TaskDefinition.Create<Goods>("reserve-stock");

    public static readonly TaskDefinition<Goods, NoResult> PutBack = TaskDefinition.Create<Goods>("put-back-stock");

    public static Task ReserveAsync(Goods goods, TaskContext context) => context.TransactionStepAsync("take", async transaction =>
    {
        if (await transaction.ExecuteAsync("update orderflow.stock set quantity = quantity - $2 where item = $1 and quantity >= $2", goods.Item, goods.Quantity) == 0)
        {
            throw new OutOfStockException(goods);
        }
    });

    public static Task PutBackAsync(Goods goods, TaskContext context) => context.TransactionStepAsync("put", transaction =>
        transaction.ExecuteAsync("update orderflow.stock set quantity = quantity + $2 where item = $1", goods.Item, goods.Quantity));
}
