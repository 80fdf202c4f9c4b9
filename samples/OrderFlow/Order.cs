namespace OrderFlow;

/// <summary>What a customer bought, and how soon it is to leave the house.</summary>
internal sealed record Order(long Id, string Customer, string Item, int Quantity, decimal Amount, TimeSpan ShipWithin);

/// <summary>What can become of an order; also the result of its execution.</summary>
internal static class OrderStatus
{
    public const string Open = "open";
    public const string Shipped = "shipped";
    public const string OutOfStock = "out of stock";
    public const string Refunded = "refunded";
}
