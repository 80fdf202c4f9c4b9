using Microsoft.EntityFrameworkCore;
using PgConductor.Client;
using PgConductor.EntityFrameworkCore;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.EntityFramework;

#pragma warning disable xUnit1051 // What is quoted is written as a reader would write it.

/// <summary>Saved and enqueued together, or not at all.</summary>
public sealed class DbContextTests
{
    private static readonly TaskDefinition<long, NoResult> _sendReceipt = TaskDefinition.Create<long>("send-receipt");

    private static CancellationToken Token => TestEngine.Token;

    // docs:start entity-framework
    private static async Task PlaceOrderAsync(ShopContext context, IConductor conductor, string email)
    {
        await using var transaction = await context.Database.BeginTransactionAsync();
        var order = new Order { Email = email };
        context.Orders.Add(order);
        await context.SaveChangesAsync();

        // The receipt is enqueued if and only if the order is stored.
        await conductor.InvokeAsync(context, _sendReceipt, order.Id);
        await transaction.CommitAsync();
    }
    // docs:end

    [Fact]
    public async Task Both_are_there_after_the_commit_and_neither_after_a_rollback()
    {
        await using var engine = await NewAsync();
        await using (var context = new ShopContext(engine.Database.ConnectionString))
        {
            await PlaceOrderAsync(context, engine.Conductor, "a@example.org");
        }

        Assert.Equal((1, 1), (await engine.CountAsync("executions"), await engine.Database.ScalarAsync<long>("select count(*) from orders")));
        Assert.Equal(await engine.Database.ScalarAsync<long>("select id from orders"), await engine.Database.ScalarAsync<long>("select payload::text::bigint from pgconductor.executions"));

        await using (var context = new ShopContext(engine.Database.ConnectionString))
        {
            await using var transaction = await context.Database.BeginTransactionAsync(Token);
            context.Orders.Add(new Order { Email = "b@example.org" });
            await context.SaveChangesAsync(Token);
            await engine.Conductor.InvokeAsync(context, _sendReceipt, 2, cancellationToken: Token);
            await engine.Conductor.InvokeManyAsync(context, _sendReceipt, [3L, 4L], cancellationToken: Token);
            await transaction.RollbackAsync(Token);
        }

        Assert.Equal((1, 1), (await engine.CountAsync("executions"), await engine.Database.ScalarAsync<long>("select count(*) from orders")));
    }

    [Fact]
    public async Task Many_with_options_of_their_own()
    {
        await using var engine = await NewAsync();
        await using var context = new ShopContext(engine.Database.ConnectionString);
        await using var transaction = await context.Database.BeginTransactionAsync(Token);
        var ids = await engine.Conductor.InvokeManyAsync(context, _sendReceipt, Enumerable.Range(0, 700).Select(n => (long)n), new InvokeOptions { Priority = 7 }, Token);
        var payload = System.Text.Json.JsonSerializer.SerializeToElement(1);
        var outcomes = await engine.Conductor.InvokeManyAsync(context, [new InvokeItem("send-receipt", payload, new InvokeOptions { DedupeKey = "k" }), new InvokeItem("send-receipt", payload, new InvokeOptions { DedupeKey = "k" })], cancellationToken: Token);
        Assert.Equal(0, await engine.CountAsync("executions"));
        await transaction.CommitAsync(Token);

        Assert.Equal(701, await engine.CountAsync("executions"));
        Assert.Equal(700, await engine.CountAsync("executions", "priority = 7"));
        Assert.Equal(700, ids.Distinct().Count());
        Assert.Equal([InvokeDisposition.Created, InvokeDisposition.Existing], outcomes.Select(outcome => outcome.Disposition));
    }

    [Fact]
    public async Task Under_a_retrying_strategy_the_whole_is_repeated_and_enqueued_once()
    {
        await using var engine = await NewAsync();
        await using var context = new ShopContext(engine.Database.ConnectionString, retries: true);
        var attempts = 0;
        await context.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            context.ChangeTracker.Clear();
            await using var transaction = await context.Database.BeginTransactionAsync(Token);
            context.Orders.Add(new Order { Email = "a@example.org" });
            await context.SaveChangesAsync(Token);
            await engine.Conductor.InvokeAsync(context, _sendReceipt, 1, cancellationToken: Token);
            if (++attempts == 1)
            {
                throw new TimeoutException("transient, the first time");
            }

            await transaction.CommitAsync(Token);
        });

        Assert.Equal(2, attempts);
        Assert.Equal((1, 1), (await engine.CountAsync("executions"), await engine.Database.ScalarAsync<long>("select count(*) from orders")));
    }

    [Fact]
    public async Task Without_a_transaction_or_on_another_provider_it_says_what_to_do()
    {
        await using var engine = await NewAsync();
        await using var context = new ShopContext(engine.Database.ConnectionString);
        var none = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync(context, _sendReceipt, 1, cancellationToken: Token));
        Assert.Equal(ConductorErrorCode.InvalidArgument, none.Code);
        Assert.Contains("ShopContext has no transaction", none.Message, StringComparison.Ordinal);
        Assert.Contains("BeginTransactionAsync", none.Message, StringComparison.Ordinal);

        await using var elsewhere = new ElsewhereContext();
        var other = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync(elsewhere, _sendReceipt, 1, cancellationToken: Token));
        Assert.Equal(ConductorErrorCode.InvalidArgument, other.Code);
        Assert.Contains("InMemory", other.Message, StringComparison.Ordinal);
        Assert.Equal(0, await engine.CountAsync("executions"));
    }

    private static async Task<TestEngine> NewAsync()
    {
        var engine = await TestEngine.CreateAsync();
        await engine.Database.ExecuteAsync("create table orders (id bigint generated always as identity primary key, email text not null)");
        return engine;
    }

    private sealed class Order
    {
        public long Id { get; set; }

        public required string Email { get; set; }
    }

    private sealed class ShopContext(string connectionString, bool retries = false) : DbContext
    {
        public DbSet<Order> Orders => Set<Order>();

        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) =>
            optionsBuilder.UseNpgsql(connectionString, npgsql =>
            {
                if (retries)
                {
                    npgsql.EnableRetryOnFailure(3, TimeSpan.FromMilliseconds(10), null);
                }
            });

        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            var order = modelBuilder.Entity<Order>().ToTable("orders");
            order.Property(o => o.Id).HasColumnName("id").UseIdentityAlwaysColumn();
            order.Property(o => o.Email).HasColumnName("email");
        }
    }

    private sealed class ElsewhereContext : DbContext
    {
        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder.UseInMemoryDatabase("elsewhere");
    }
}
