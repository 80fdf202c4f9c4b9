using Npgsql;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Guides;

#pragma warning disable xUnit1051 // What is quoted is written as a reader would write it.

/// <summary>The code that docs/concepts/steps.md, docs/concepts/changing-code.md and docs/guides/children.md quote, run.</summary>
public sealed class DurableGuideTests
{
    private static readonly List<string> _sent = [];

    // docs:start steps
    private static readonly TaskDefinition<Order, string> _placeOrder = TaskDefinition.Create<Order, string>("place-order");

    private static async Task<string> PlaceOrderAsync(Order order, TaskContext context)
    {
        // Runs once, whatever happens to this process afterwards.
        var payment = await context.StepAsync("charge", () => ChargeAsync(order.Amount, idempotencyKey: context.NewGuid()));

        // Hours, days, years: the execution leaves the process and comes back, in the same attempt.
        await context.SleepAsync("let the customer think again", TimeSpan.FromMilliseconds(200));

        foreach (var item in order.Items)
        {
            // A name of its own for each.
            await context.StepAsync($"ship {item}", () => ShipAsync(item));
        }

        return payment;
    }
    // docs:end

    // docs:start transaction-step
    private static readonly TaskDefinition<Order, int> _book = TaskDefinition.Create<Order, int>("book");

    private static Task<int> BookAsync(Order order, TaskContext context) =>
        context.TransactionStepAsync("book", async transaction =>
        {
            await using var command = new NpgsqlCommand("insert into bookings (amount) values ($1) returning id", transaction.Connection, transaction);
            command.Parameters.AddWithValue(order.Amount);
            return (int)(await command.ExecuteScalarAsync())!;
        });
    // docs:end

    // docs:start child
    private static readonly TaskDefinition<string, int> _countWords = TaskDefinition.Create<string, int>("count-words");
    private static readonly TaskDefinition<string, string> _review = TaskDefinition.Create<string, string>("review");

    private static async Task<string> ReviewAsync(string text, TaskContext context)
    {
        var words = await context.InvokeAsync("count", _countWords, text);
        var parts = await context.InvokeAllAsync("count each line", _countWords, text.Split('\n'));
        return $"{words} words, the longest line has {parts.Max()}";
    }
    // docs:end

    // docs:start child-failure
    private static readonly TaskDefinition<string, string> _translate = TaskDefinition.Create<string, string>("translate", new TaskOptions { MaxAttempts = 1 });
    private static readonly TaskDefinition<string, string> _publish = TaskDefinition.Create<string, string>("publish");

    private static async Task<string> PublishAsync(string text, TaskContext context)
    {
        try
        {
            return await context.InvokeAsync("translate", _translate, text, new ChildOptions { Timeout = TimeSpan.FromMinutes(10) });
        }
        catch (ChildFailedException exception) when (exception.Failure != ChildFailure.Cancelled)
        {
            // It failed for good, or took too long. The same is thrown here in every later run.
            await context.StepAsync("tell the editor", () => TellAsync(exception.Reason));
            return text;
        }
    }
    // docs:end

    private sealed record Order(int Amount, string[] Items);

    [Fact]
    public async Task Steps_and_sleep()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Database.ExecuteAsync("create table public.bookings (id serial primary key, amount int)");
        await engine.StartAsync(new TaskCollection().Add(_placeOrder, PlaceOrderAsync).Add(_book, BookAsync));

        var order = new Order(7, ["a", "b"]);
        Assert.Equal("paid 7", await (await engine.Conductor.InvokeAsync(_placeOrder, order)).WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal(1, await (await engine.Conductor.InvokeAsync(_book, order)).WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal(["charge 7", "ship a", "ship b"], _sent.Where(what => !what.StartsWith("told", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Children()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection()
            .Add(_review, ReviewAsync)
            .Add(_publish, PublishAsync)
            .Add(_translate, (_, _) => throw new NonRetryableException("no dictionary"))
            .Add(_countWords, (text, _) => Task.FromResult(text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Length)));

        var handle = await engine.Conductor.InvokeAsync(_review, "to be\nor not to be");
        Assert.Equal("6 words, the longest line has 4", await handle.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal("text", await (await engine.Conductor.InvokeAsync(_publish, "text")).WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("told no dictionary", _sent);
    }

    private static Task<string> ChargeAsync(int amount, Guid idempotencyKey)
    {
        Assert.NotEqual(Guid.Empty, idempotencyKey);
        return Sent($"charge {amount}", $"paid {amount}");
    }

    private static Task<string> ShipAsync(string item) => Sent($"ship {item}", item);

    private static Task<string> TellAsync(string reason) => Sent($"told {reason}", reason);

    private static Task<string> Sent(string what, string result)
    {
        lock (_sent)
        {
            _sent.Add(what);
        }

        return Task.FromResult(result);
    }
}
