using System.Diagnostics;
using Npgsql;
using OrderFlow;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Samples;

/// <summary>samples/OrderFlow in processes of its own, killed where it hurts. Its ends are in TestingTests, by a clock.</summary>
public sealed class OrderFlowTests
{
    private static CancellationToken Token => TestEngine.Token;

    /// <summary>The lock holds the worker in the step: before it commits the payment, or right after it in the next one.</summary>
    [Theory]
    [InlineData("select * from orderflow.accounts where customer = 'ada' for update", 0)]
    [InlineData("lock table orderflow.picking_list in exclusive mode", 1)]
    public async Task Killed_while_it_takes_the_payment_or_right_after_the_customer_pays_once(string held, long paid)
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Conductor.MigrateAsync(Token);
        await Shop.CreateTablesAsync(engine.Database.DataSource);
        var shop = new Shop(engine.Database.DataSource, engine.Conductor);
        await shop.StockUpAsync("lamp", 40, 5);
        await shop.TopUpAsync("ada", 500);
        var (order, handle) = await shop.PlaceAsync("ada", "lamp", 2, TimeSpan.FromDays(7));

        using (var victim = new Worker(engine.Database))
        {
            await using var connection = await engine.Database.DataSource.OpenConnectionAsync(Token);
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await using (var command = new NpgsqlCommand(held, connection, transaction))
            {
                await command.ExecuteNonQueryAsync(Token);
            }

            await Eventually.IsTrue(
                () => engine.Database.ScalarAsync<bool>("select exists (select from pg_stat_activity where datname = current_database() and application_name = 'order-flow' and wait_event_type = 'Lock')"),
                "the worker waits for the lock");
            Assert.Equal(paid, await PaymentsAsync(engine));
            victim.Kill();
        }

        using var heir = new Worker(engine.Database);
        await Eventually.IsTrue(() => Warehouse.ShipAsync(order.Id, "post", engine.Database.DataSource, engine.Conductor), "the warehouse can ship");
        Assert.Equal("shipped", await handle.WaitAsync(TimeSpan.FromSeconds(60), Token));

        Assert.Equal(1, await PaymentsAsync(engine));
        Assert.Equal(420, await engine.Database.ScalarAsync<decimal>("select balance from orderflow.accounts"));
        Assert.Equal(3, await engine.Database.ScalarAsync<int>("select quantity from orderflow.stock"));
        Assert.Equal(2, (await handle.GetAsync(Token))!.Attempts);
    }

    private static Task<long> PaymentsAsync(TestEngine engine) => engine.Database.ScalarAsync<long>("select count(*) from orderflow.payments")!;

    /// <summary>"OrderFlow worker", which ends with SIGKILL and no other way.</summary>
    private sealed class Worker(TestDatabase database) : IDisposable
    {
        private readonly Process _process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "OrderFlow"), ["worker", "--hurry"])
        {
            Environment = { ["DATABASE_URL"] = database.ConnectionString },
        })!;

        public void Kill()
        {
            _process.Kill();
            _process.WaitForExit();
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                Kill();
            }

            _process.Dispose();
        }
    }
}
