using Npgsql;
using PgConductor.Client;

namespace OrderFlow;

internal sealed record Shipment(string Carrier);

/// <summary>Another team's program: it has a list of what to pick, and says what has left.</summary>
internal static class Warehouse
{
    /// <summary>The order's number is in the key, so that a thousand waiting orders are not asked for one parcel.</summary>
    public static string ShippedEvent(long order) => $"order.shipped/{order}";

    public static Task AskAsync(Order order, NpgsqlTransaction transaction) =>
        transaction.ExecuteAsync("insert into orderflow.picking_list (order_id, item, quantity) values ($1, $2, $3)", order.Id, order.Item, order.Quantity);

    /// <summary>Takes an order off the list; false when it was shipped before.</summary>
    public static async Task<bool> WithdrawAsync(long order, NpgsqlTransaction transaction) =>
        await transaction.ExecuteAsync("delete from orderflow.picking_list where order_id = $1 and carrier is null", order) > 0;

    /// <summary>The parcel leaves. The list and the event commit together, so neither is there without the other.</summary>
    public static async Task<bool> ShipAsync(long order, string carrier, NpgsqlDataSource database, IConductor conductor)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        if (await transaction.ExecuteAsync("update orderflow.picking_list set carrier = $2 where order_id = $1 and carrier is null", order, carrier) == 0)
        {
            return false;
        }

        await conductor.EmitAsync(ShippedEvent(order), new Shipment(carrier), transaction);
        await transaction.CommitAsync();
        return true;
    }
}
