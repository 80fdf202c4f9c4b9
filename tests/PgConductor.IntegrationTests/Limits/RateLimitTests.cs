using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Limits;

/// <summary>Rates, and keys that take turns.</summary>
public sealed class RateLimitTests
{
    [Fact]
    public async Task No_time_as_long_as_the_period_sees_more_starts_than_the_burst_and_the_rate()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<LimitTests.Order>("limited", new TaskOptions
        {
            Limits = new TaskLimits { Rate = RateLimit.PerSecond(20) with { Burst = 5 }, Key = "customer", RatePerKey = new RateLimit(4, TimeSpan.FromSeconds(1)) },
        });
        var tasks = new TaskCollection().Add(task, (_, _) => Task.CompletedTask);
        await engine.StartAsync(tasks);
        await engine.StartAsync(tasks, conductor: engine.NewConductor());
        await engine.Conductor.InvokeManyAsync(task, LimitTests.Orders("a", 12).Concat(Enumerable.Range(0, 48).Select(n => new LimitTests.Order($"other {n % 12}", n))), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();

        // When they were claimed, by the server's clock.
        const string Starts = "select started_at, payload ->> 'customer' as customer from pgconductor.completed_executions";
        Assert.InRange(await engine.Database.ScalarAsync<long>($"select max(n) from (select (select count(*) from ({Starts}) b where b.started_at >= a.started_at and b.started_at < a.started_at + interval '1 second') as n from ({Starts}) a) x"), 5, 25);
        Assert.InRange(await engine.Database.ScalarAsync<long>($"select max(n) from (select (select count(*) from ({Starts}) b where b.customer = a.customer and b.started_at >= a.started_at and b.started_at < a.started_at + interval '1 second') as n from ({Starts}) a) x"), 4, 8);

        // Sixty at twenty a second, five of them at once; twelve of one customer at four.
        Assert.True(await engine.Database.ScalarAsync<double>($"select extract(epoch from max(started_at) - min(started_at))::double precision from ({Starts}) x") >= 2.7);
        Assert.True(await engine.Database.ScalarAsync<double>($"select extract(epoch from max(started_at) - min(started_at))::double precision from ({Starts}) x where customer = 'a'") >= 1.95);
    }

    [Fact]
    public async Task A_token_wakes_who_waits_for_it_without_a_poll()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<int>("limited", new TaskOptions { Limits = new TaskLimits { Rate = new RateLimit(1, TimeSpan.FromMilliseconds(300)) } });
        await engine.StartAsync(
            new TaskCollection().Add(task, (_, _) => Task.CompletedTask),
            options => options with { Worker = new WorkerOptions { MinPollInterval = TimeSpan.FromSeconds(30), MaxPollInterval = TimeSpan.FromSeconds(30) } });

        var last = await engine.Conductor.InvokeManyAsync(task, [1, 2, 3, 4], cancellationToken: TestEngine.Token);

        await Eventually.IsTrue(async () => await engine.CountAsync("completed_executions") == last.Count, "all four, 300 ms apart", 20);
    }

    [Fact]
    public async Task A_fair_tasks_keys_take_turns_however_much_one_has()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<LimitTests.Order>("fair", new TaskOptions { Limits = new TaskLimits { Key = "customer", Fair = true } });
        await engine.Conductor.InvokeManyAsync(task, LimitTests.Orders("many", 1000), cancellationToken: TestEngine.Token);
        await engine.Conductor.InvokeManyAsync(task, LimitTests.Orders("few", 10).Concat(LimitTests.Orders("one", 1)), cancellationToken: TestEngine.Token);
        var order = new List<string>();
        await engine.StartAsync(
            new TaskCollection().Add(task, (item, _) =>
            {
                lock (order)
                {
                    order.Add(item.Customer);
                }

                return Task.Delay(1);
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = 2 } });

        await engine.IsDoneAsync();

        Assert.Equal(1011, order.Count);

        // Behind a thousand by time; a few claims were needed to bring the thousand out of the way.
        Assert.InRange(order.IndexOf("one"), 0, 120);
        Assert.InRange(order.LastIndexOf("few"), 0, 150);
    }

    [Fact]
    public async Task Keys_that_a_limit_holds_back_take_turns_too()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<LimitTests.Order>("limited", new TaskOptions { Limits = new TaskLimits { Key = "customer", ConcurrencyPerKey = 5, Concurrency = 5 } });
        var gate = new TaskCompletionSource();
        var order = new List<string>();
        await engine.StartAsync(new TaskCollection().Add(task, async (item, _) =>
        {
            lock (order)
            {
                order.Add(item.Customer);
            }

            await gate.Task;
        }));
        await engine.Conductor.InvokeManyAsync(task, LimitTests.Orders("a", 100), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(() => order.Count == 5, "five run");
        await engine.Conductor.InvokeManyAsync(task, LimitTests.Orders("b", 20), cancellationToken: TestEngine.Token);
        gate.SetResult();

        await engine.IsDoneAsync();

        // By time alone ninety-five of the first would go before.
        Assert.Equal(120, order.Count);
        Assert.InRange(order.IndexOf("b"), 5, 60);
        Assert.InRange(order.LastIndexOf("b"), 24, 110);
        await LimitTests.NothingIsHeldAsync(engine);
    }
}
