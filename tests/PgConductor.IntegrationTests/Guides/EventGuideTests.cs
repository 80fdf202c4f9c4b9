using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Npgsql;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Guides;

#pragma warning disable xUnit1051 // What is quoted is written as a reader would write it.

/// <summary>The code that docs/guides/events.md quotes, run.</summary>
public sealed class EventGuideTests
{
    private static readonly ConcurrentQueue<string> _done = new();

    // docs:start event-subscription
    private static readonly TaskDefinition<PaidOrder, NoResult> _sendReceipt = TaskDefinition.Create<PaidOrder>("send-receipt");
    private static readonly TaskDefinition<TableChange<Customer>, NoResult> _syncCustomer = TaskDefinition.Create<TableChange<Customer>>("sync-customer");

    private static TaskCollection Tasks() => new TaskCollection()
        .Add(_sendReceipt, SendReceiptAsync)
        .Add(_syncCustomer, SyncCustomerAsync)
        .Subscribe(_sendReceipt, EventSubscription.To("order.paid") with
        {
            Filter = EventFilter.Matching("$.amount > 0").And(EventFilter.Containing(new JsonObject { ["currency"] = "EUR" })),
            Fields = ["order", "amount"],
        })
        .Subscribe(_syncCustomer, EventSubscription.ToTable("public", "customers", TableOperation.Update) with { Columns = ["id", "email"] });
    // docs:end

    // docs:start event-wait
    private static readonly TaskDefinition<int, string> _ship = TaskDefinition.Create<int, string>("ship");

    private static async Task<string> ShipAsync(int order, TaskContext context)
    {
        var paid = await context.WaitForEventAsync<PaidOrder>("paid", $"order.paid/{order}", timeout: TimeSpan.FromDays(7));
        return paid.TimedOut ? "nobody paid" : $"shipped for {paid.Payload!.Amount}";
    }
    // docs:end

    // docs:start event-expect
    private static readonly TaskDefinition<int, string> _approve = TaskDefinition.Create<int, string>("approve");

    private static async Task<string> ApproveAsync(int order, TaskContext context)
    {
        var answer = await context.ExpectEventAsync<string>("answer", $"approval/{order}", timeout: TimeSpan.FromHours(8));

        // However fast the answer is, it is not missed.
        await context.StepAsync("ask", () => AskAsync(context.Conductor, order));
        return (await answer.WaitAsync()).Payload ?? "nobody answered";
    }
    // docs:end

    [Fact]
    public async Task The_guide_holds()
    {
        _done.Clear();
        await using var engine = await TestEngine.CreateAsync();
        await engine.Conductor.MigrateAsync();
        await engine.Database.ExecuteAsync("create table customers (id integer, email text, note text); insert into customers values (1, 'old@shop', ''); create table orders (id integer)");
        await engine.StartAsync(Tasks().Add(_ship, ShipAsync).Add(_approve, ApproveAsync), options => options with { Service = "shop" });
        var shipping = await engine.Conductor.InvokeAsync(_ship, 4711);
        var approving = await engine.Conductor.InvokeAsync(_approve, 4711);
        await engine.IsAsync(shipping.Id, ExecutionState.Waiting);

        await EmitAsync(engine.Conductor, engine.Database.ConnectionString);
        await engine.Database.ExecuteAsync("update customers set note = 'unrelated'; update customers set email = 'new@shop'");

        Assert.Equal("shipped for 99", await shipping.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal("yes", await approving.WaitAsync(TimeSpan.FromSeconds(30)));
        await Eventually.IsTrue(() => _done.Count == 2, "both subscribers are started");
        await engine.IsDoneAsync();
        Assert.Equal(["old@shop is new@shop", "receipt for 4711: 99"], _done.Order(StringComparer.Ordinal));
    }

    private static async Task EmitAsync(Conductor conductor, string connectionString)
    {
        var connection = new NpgsqlConnection(connectionString);
        await using var closing = connection;
        // docs:start event-emit
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("insert into orders values (4711)", connection, transaction);
        await command.ExecuteNonQueryAsync();
        await conductor.EmitAsync("order.paid", new { order = 4711, amount = 99, currency = "EUR" }, transaction);
        await conductor.EmitAsync("order.paid/4711", new PaidOrder(4711, 99), transaction);

        // Delivered by the commit, or not at all.
        await transaction.CommitAsync();
        // docs:end
    }

    private static Task SendReceiptAsync(PaidOrder paid, TaskContext context)
    {
        _done.Enqueue($"receipt for {paid.Order}: {paid.Amount}");
        return Task.CompletedTask;
    }

    private static Task SyncCustomerAsync(TableChange<Customer> change, TaskContext context)
    {
        _done.Enqueue($"{change.Old!.Email} is {change.New!.Email}");
        return Task.CompletedTask;
    }

    private static Task<Guid> AskAsync(IConductor conductor, int order) => conductor.EmitAsync($"approval/{order}", "yes");

    private sealed record PaidOrder(int Order, decimal Amount);

    private sealed record Customer(int Id, string Email);
}
