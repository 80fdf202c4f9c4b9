using Npgsql;
using OrderFlow;
using PgConductor.Client;
using PgConductor.Testing;
using Xunit;

namespace PgConductor.TestingTests;

/// <summary>Every end of an order of samples/OrderFlow, by a clock: a week passes in milliseconds.</summary>
public sealed class OrderFlowTests
{
    private static readonly TimeSpan _week = TimeSpan.FromDays(7);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_is_paid_once_and_waits_for_the_warehouse()
    {
        await using var shop = await OpenShop.StartAsync();
        var (order, handle) = await shop.Shop.PlaceAsync("ada", "lamp", 2, _week);

        await shop.Host.DrainAsync(cancellationToken: Token);
        Assert.Equal(ExecutionState.Waiting, (await handle.GetAsync(Token))!.State);
        Assert.Equal("80", await shop.PaymentsAsync());
        await shop.Host.Clock.AdvanceAsync(TimeSpan.FromDays(3), Token);
        await shop.ShipAsync(order);
        await shop.Host.DrainAsync(cancellationToken: Token);

        await shop.EndedAsync(handle, "shipped", attempts: 1);
        Assert.Equal(("80", 420, 3), (await shop.PaymentsAsync(), await shop.BalanceAsync(), await shop.LampsAsync()));
    }

    [Fact]
    public async Task A_declined_payment_is_tried_again_and_the_stock_is_reserved_once()
    {
        await using var shop = await OpenShop.StartAsync();
        await shop.SpendAsync(490);
        var (order, handle) = await shop.Shop.PlaceAsync("ada", "lamp", 2, _week);

        await shop.Host.DrainAsync(cancellationToken: Token);
        await shop.Host.Executions.ShouldBeScheduledAsync(handle.Id, cancellationToken: Token);
        await shop.Host.AdvanceToNextAsync(Token);
        await shop.Host.DrainAsync(cancellationToken: Token);
        Assert.Equal((null, 3), (await shop.PaymentsAsync(), await shop.LampsAsync()));

        await shop.Shop.TopUpAsync("ada", 100);
        await shop.Host.AdvanceToNextAsync(Token);
        await shop.Host.DrainAsync(cancellationToken: Token);
        await shop.ShipAsync(order);
        await shop.Host.DrainAsync(cancellationToken: Token);

        await shop.EndedAsync(handle, "shipped", attempts: 3);
        Assert.Equal(("80", 30, 3), (await shop.PaymentsAsync(), await shop.BalanceAsync(), await shop.LampsAsync()));
    }

    [Fact]
    public async Task What_is_not_in_stock_is_not_paid()
    {
        await using var shop = await OpenShop.StartAsync();
        var (_, handle) = await shop.Shop.PlaceAsync("ada", "lamp", 6, _week);

        await shop.Host.DrainAsync(cancellationToken: Token);

        await shop.EndedAsync(handle, "out of stock", attempts: 1);
        var child = await shop.Host.Executions.SingleAsync(Stock.Reserve, Token);
        await shop.Host.Executions.ShouldBeFailedAsync(child.Id, "there are not 6 of \"lamp\" in stock", Token);
        Assert.Equal((null, 500, 5), (await shop.PaymentsAsync(), await shop.BalanceAsync(), await shop.LampsAsync()));
    }

    [Fact]
    public async Task What_is_not_shipped_in_a_week_is_refunded_and_put_back()
    {
        await using var shop = await OpenShop.StartAsync();
        var (order, handle) = await shop.Shop.PlaceAsync("ada", "lamp", 2, _week);
        await shop.Host.RunUntilIdleAsync(_week - TimeSpan.FromHours(1), cancellationToken: Token);
        Assert.Equal(ExecutionState.Waiting, (await handle.GetAsync(Token))!.State);

        await shop.Host.RunUntilIdleAsync(TimeSpan.FromHours(3), cancellationToken: Token);

        await shop.EndedAsync(handle, "refunded", attempts: 1);
        Assert.Equal(("80, -80", 500, 5), (await shop.PaymentsAsync(), await shop.BalanceAsync(), await shop.LampsAsync()));
        Assert.False(await Warehouse.ShipAsync(order.Id, "post", shop.Database, shop.Host.Conductor));
    }

    [Fact]
    public async Task A_parcel_that_left_in_the_last_moment_is_not_refunded()
    {
        await using var shop = await OpenShop.StartAsync();
        var (_, handle) = await shop.Shop.PlaceAsync("ada", "lamp", 2, _week);
        await shop.Host.DrainAsync(cancellationToken: Token);

        // On its way, and the event too late.
        await shop.ExecuteAsync("update orderflow.picking_list set carrier = 'post'");
        await shop.Host.RunUntilIdleAsync(_week + TimeSpan.FromHours(1), cancellationToken: Token);

        await shop.EndedAsync(handle, "shipped", attempts: 1);
        Assert.Equal(("80", 420, 3), (await shop.PaymentsAsync(), await shop.BalanceAsync(), await shop.LampsAsync()));
    }

    [Fact]
    public async Task Each_night_has_its_report()
    {
        // The clock starts at four in the morning of January 2nd in Berlin.
        await using var shop = await OpenShop.StartAsync();
        await shop.Shop.PlaceAsync("ada", "lamp", 2, _week);
        await shop.Host.DrainAsync(cancellationToken: Token);
        await shop.Host.Clock.AdvanceAsync(TimeSpan.FromHours(19), Token);

        // 23:04 there, and still the same day.
        await shop.Shop.PlaceAsync("ada", "lamp", 1, _week);
        await shop.Host.RunUntilIdleAsync(TimeSpan.FromDays(2), cancellationToken: Token);

        Assert.Equal(
            "2030-01-02 2 120, 2030-01-03 0 0",
            await shop.ScalarAsync<string>("select string_agg(format('%s %s %s', day, payments, earned), ', ' order by day) from orderflow.daily_reports"));
    }

    [Fact]
    public async Task A_report_that_is_asked_for_by_day_waits_for_the_night()
    {
        await using var shop = await OpenShop.StartAsync();
        await shop.Host.Clock.AdvanceAsync(TimeSpan.FromHours(9), Token);
        var id = await shop.Host.Conductor.RunScheduleNowAsync("nightly-report", Token);

        // 13:04 in Berlin.
        await shop.Host.DrainAsync(cancellationToken: Token);
        await shop.Host.Executions.ShouldBeEnqueuedAsync(NightlyReport.Definition, cancellationToken: Token);

        await shop.Host.Clock.SetToAsync(new DateTimeOffset(2030, 1, 3, 0, 0, 0, TimeSpan.Zero), Token);
        await shop.Host.DrainAsync(cancellationToken: Token);
        await shop.Host.Executions.ShouldBeCompletedAsync(id, Token);
    }

    /// <summary>Without the limit all of ada's orders would hold a slot here, and wait for the lock on her account.</summary>
    [Fact]
    public async Task A_customers_orders_are_worked_on_one_after_the_other_and_nobody_else_waits_for_them()
    {
        await using var shop = await OpenShop.StartAsync();
        await shop.Shop.TopUpAsync("bob", 100);
        await using var connection = await shop.Database.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await transaction.ExecuteAsync("select from orderflow.accounts where customer = 'ada' for update");
        for (var n = 0; n < 4; n++)
        {
            await shop.Shop.PlaceAsync("ada", "lamp", 1, _week);
        }

        // Bob's, placed last, has gone all the way to the warehouse.
        var (_, bobs) = await shop.Shop.PlaceAsync("bob", "lamp", 1, _week);
        await shop.UntilAsync($"select state = 'waiting' and exists (select from orderflow.picking_list) from pgconductor.all_executions where id = '{bobs.Id}'");
        await shop.UntilAsync("select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')");
        Assert.Single(await shop.Host.Executions.ListAsync(ProcessOrder.Definition, ExecutionState.Running, Token));
        Assert.Equal("40", await shop.PaymentsAsync());

        await transaction.CommitAsync(Token);
        await shop.Host.DrainAsync(cancellationToken: Token);
        Assert.Equal("40, 40, 40, 40, 40", await shop.PaymentsAsync());
    }

    [Fact]
    public async Task An_order_that_waits_for_its_parcel_holds_up_none_of_its_customers_others()
    {
        await using var shop = await OpenShop.StartAsync();
        var (first, firstHandle) = await shop.Shop.PlaceAsync("ada", "lamp", 1, _week);
        await shop.Host.DrainAsync(cancellationToken: Token);
        Assert.Equal(ExecutionState.Waiting, (await firstHandle.GetAsync(Token))!.State);

        var (second, secondHandle) = await shop.Shop.PlaceAsync("ada", "lamp", 2, _week);
        await shop.Host.DrainAsync(cancellationToken: Token);
        await shop.ShipAsync(second);
        await shop.Host.DrainAsync(cancellationToken: Token);

        await shop.Host.Executions.ShouldBeCompletedAsync(secondHandle.Id, Token);
        Assert.Equal(ExecutionState.Waiting, (await firstHandle.GetAsync(Token))!.State);
        Assert.Equal("40, 80", await shop.PaymentsAsync());
        await shop.ShipAsync(first);
        await shop.Host.DrainAsync(cancellationToken: Token);
        await shop.Host.Executions.ShouldBeCompletedAsync(firstHandle.Id, Token);
    }

    /// <summary>The shop with five lamps for 40 each, and ada with 500 to spend.</summary>
    private sealed class OpenShop : IAsyncDisposable
    {
        private OpenShop(ConductorTestHost host)
        {
            Host = host;
            Database = NpgsqlDataSource.Create(host.ConnectionString);
            Shop = new Shop(Database, host.Conductor);
        }

        public ConductorTestHost Host { get; }

        public NpgsqlDataSource Database { get; }

        public Shop Shop { get; }

        public static async Task<OpenShop> StartAsync()
        {
            var options = new ConductorTestHostOptions();
            var shop = new OpenShop(await ConductorTestHost.StartAsync(Shop.Tasks(), options with { Orchestrator = options.Orchestrator with { Service = Shop.Service } }, Token));
            await Shop.CreateTablesAsync(shop.Database);
            await shop.Shop.StockUpAsync("lamp", 40, 5);
            await shop.Shop.TopUpAsync("ada", 500);
            return shop;
        }

        public async Task ShipAsync(Order order) => Assert.True(await Warehouse.ShipAsync(order.Id, "post", Database, Host.Conductor));

        public Task SpendAsync(int amount) => ExecuteAsync($"update orderflow.accounts set balance = balance - {amount}");

        public Task<string?> PaymentsAsync() => ScalarAsync<string?>("select string_agg(amount::text, ', ' order by id) from orderflow.payments");

        public Task<decimal> BalanceAsync() => ScalarAsync<decimal>("select balance from orderflow.accounts");

        public Task<int> LampsAsync() => ScalarAsync<int>("select quantity from orderflow.stock");

        public async Task EndedAsync(ExecutionHandle<string> handle, string status, int attempts)
        {
            var ended = await Host.Executions.ShouldBeCompletedAsync(handle.Id, Token);
            Assert.Equal((status, attempts), (ended.Result!.Value.GetString(), ended.Attempts));
            Assert.Equal(status, await ScalarAsync<string>("select status from orderflow.orders"));
        }

        /// <summary>Looks until a question is answered with yes.</summary>
        public async Task UntilAsync(string question)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
            limit.CancelAfter(TimeSpan.FromSeconds(60));
            while (!await ScalarAsync<bool>(question))
            {
                await Task.Delay(10, limit.Token);
            }
        }

        public async Task ExecuteAsync(string sql)
        {
            await using var command = Database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(Token);
        }

        public async Task<T> ScalarAsync<T>(string sql)
        {
            await using var command = Database.CreateCommand(sql);
            return await command.ExecuteScalarAsync(Token) is T value ? value : default!;
        }

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            await Database.DisposeAsync();
        }
    }
}
