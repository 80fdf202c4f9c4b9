using System.Collections.Concurrent;
using System.Diagnostics;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Limits;

/// <summary>Concurrency limits: exact, across processes, and given back whatever the end.</summary>
public sealed class LimitTests
{
    internal sealed record Order(string Customer, int Number);

    private static readonly TaskLimits _onePerCustomer = new() { Key = "customer", ConcurrencyPerKey = 1 };

    [Fact]
    public async Task A_task_runs_as_often_at_once_as_its_limit_says_in_all_processes_together()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<Order>("limited", new TaskOptions { Limits = new TaskLimits { Concurrency = 3 } });
        var inside = new Inside();
        await engine.Conductor.InvokeManyAsync(task, Orders("one", 300), cancellationToken: TestEngine.Token);
        await StartFourAsync(engine, new TaskCollection().Add(task, (order, _) => inside.RunAsync("task", 2)));

        await engine.IsDoneAsync();

        Assert.Equal(3, inside.Most("task"));
        Assert.Equal(300, await engine.CountAsync("completed_executions", "attempts = 1"));
        await NothingIsHeldAsync(engine);
    }

    [Fact]
    public async Task Each_key_has_its_own_slots()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<Order>("limited", new TaskOptions { Limits = new TaskLimits { Key = "customer", ConcurrencyPerKey = 2, Concurrency = 12 } });
        var inside = new Inside();
        await StartFourAsync(engine, new TaskCollection().Add(task, async (order, _) =>
        {
            await inside.RunAsync("task", 0, () => inside.RunAsync(order.Customer, 3));
        }));
        await engine.Conductor.InvokeManyAsync(task, Orders("many", 150).Concat(Enumerable.Range(0, 15).SelectMany(customer => Orders($"customer {customer}", 10))), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();

        Assert.Equal(2, inside.Most("many"));
        Assert.All(Enumerable.Range(0, 15), customer => Assert.InRange(inside.Most($"customer {customer}"), 1, 2));
        Assert.InRange(inside.Most("task"), 3, 12);
        Assert.Equal(300, await engine.CountAsync("completed_executions", "attempts = 1"));
        await NothingIsHeldAsync(engine);
    }

    [Fact]
    public async Task Whatever_way_an_execution_ends_its_slot_is_given_back()
    {
        await using var engine = await TestEngine.CreateAsync();
        var options = new TaskOptions { Limits = _onePerCustomer with { Concurrency = 5 }, MaxAttempts = 2, Backoff = [TimeSpan.FromMilliseconds(5)], Timeout = TimeSpan.FromSeconds(20) };
        var task = TaskDefinition.Create<Order>("limited", options);
        var inside = new Inside();
        await StartFourAsync(engine, new TaskCollection().Add(task, (order, context) => inside.RunAsync(order.Customer, 1, async () =>
        {
            switch (order.Number % 6)
            {
                case 0:
                    throw new InvalidOperationException("fails, and fails again");
                case 1:
                    throw new NonRetryableException("fails for good");
                case 2 when context.Attempt == 1:
                    throw new RetryAfterException(TimeSpan.Zero, "comes back");
                case 3:
                    await context.Conductor.CancelAsync(context.ExecutionId);
                    context.CancellationToken.WaitHandle.WaitOne(TimeSpan.FromSeconds(10));
                    context.CancellationToken.ThrowIfCancellationRequested();
                    break;
            }
        })));
        await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 6).SelectMany(customer => Orders($"{customer}", 30)), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();

        Assert.All(Enumerable.Range(0, 6), customer => Assert.Equal(1, inside.Most($"{customer}")));
        Assert.Equal(60, await engine.CountAsync("failed_executions", "not cancelled"));
        Assert.Equal(30, await engine.CountAsync("failed_executions", "cancelled"));
        await NothingIsHeldAsync(engine);
    }

    [Fact]
    public async Task One_that_sleeps_holds_nothing()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<Order>("limited", new TaskOptions { Limits = _onePerCustomer });
        var rested = new TaskCompletionSource();
        await engine.StartAsync(new TaskCollection().Add(task, async (order, context) =>
        {
            if (order.Number == 0)
            {
                await context.SleepAsync("nap", TimeSpan.FromHours(1));
                rested.SetResult();
            }
        }));
        var sleeper = await engine.Conductor.InvokeAsync(task, new Order("a", 0), cancellationToken: TestEngine.Token);
        await engine.IsAsync(sleeper.Id, ExecutionState.Scheduled);

        var second = await engine.Conductor.InvokeAsync(task, new Order("a", 1), cancellationToken: TestEngine.Token);
        await second.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        // It takes a slot again when it wakes.
        await engine.Database.ExecuteAsync("update pgconductor.executions set run_at = now(); update pgconductor.steps set deadline = now()");
        await rested.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        await engine.IsDoneAsync();
        await NothingIsHeldAsync(engine);
    }

    [Fact]
    public async Task A_slot_given_back_wakes_who_waits_for_it_at_once()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<Order>("limited", new TaskOptions { Limits = _onePerCustomer });
        var worker = new WorkerOptions { MinPollInterval = TimeSpan.FromSeconds(30), MaxPollInterval = TimeSpan.FromSeconds(30) };
        var tasks = new TaskCollection().Add(task, (_, _) => Task.CompletedTask);
        await engine.StartAsync(tasks, options => options with { Worker = worker });
        await engine.StartAsync(tasks, options => options with { Worker = worker }, engine.NewConductor());
        var clock = Stopwatch.StartNew();
        await engine.Conductor.InvokeManyAsync(task, Orders("a", 50), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();

        // Forty-nine times a slot was waited for; a poll takes thirty seconds.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(25), $"it took {clock.Elapsed}");
    }

    [Fact]
    public async Task Others_of_the_queue_do_not_wait_for_what_is_held_back()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<Order>("limited", new TaskOptions { Limits = _onePerCustomer });
        var plain = TaskDefinition.Create<int>("plain");
        var gate = new TaskCompletionSource();
        await engine.StartAsync(new TaskCollection().Add(task, (_, _) => gate.Task).Add(plain, (_, _) => Task.CompletedTask), options => options with { Worker = new WorkerOptions { Concurrency = 3 } });
        await engine.Conductor.InvokeManyAsync(task, Orders("a", 2000), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(async () => await engine.CountAsync("leases") == 1, "one runs");

        var handles = await engine.Conductor.InvokeManyAsync(plain, Enumerable.Range(0, 200), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(async () => await engine.CountAsync("completed_executions", "task_key = 'plain'") == handles.Count, "all of the others are done");

        // Another customer neither.
        var other = await engine.Conductor.InvokeAsync(task, new Order("b", 1), cancellationToken: TestEngine.Token);
        await engine.IsAsync(other.Id, ExecutionState.Running);
        gate.SetResult();
        await engine.IsDoneAsync();
        await NothingIsHeldAsync(engine);
    }

    [Fact]
    public async Task Executions_without_the_key_share_one()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<Order?>("limited", new TaskOptions { Limits = _onePerCustomer });
        var inside = new Inside();
        await engine.Database.ExecuteAsync("insert into pgconductor.tasks (key, lane) values ('limited', '')");
        await engine.Database.ExecuteAsync("insert into pgconductor.executions (task_key, payload) select 'limited', case n % 3 when 0 then 'null' when 1 then '{\"customer\": null, \"number\": 1}' else '{}' end::jsonb from generate_series(1, 30) n");
        await engine.StartAsync(new TaskCollection().Add(task, (_, _) => inside.RunAsync("none", 2)));

        await engine.IsDoneAsync();

        Assert.Equal(1, inside.Most("none"));
        await NothingIsHeldAsync(engine);
    }

    [Fact]
    public async Task A_change_of_limits_holds_for_what_waits_already()
    {
        await using var engine = await TestEngine.CreateAsync();
        var inside = new Inside();
        var gate = new SemaphoreSlim(0);
        async Task RunAsync(Order order) => await inside.RunAsync(order.Customer, 0, () => gate.WaitAsync(TestEngine.Token));
        TaskDefinition<Order, NoResult> Limited(TaskLimits? limits) => TaskDefinition.Create<Order>("limited", new TaskOptions { Limits = limits });
        var task = Limited(_onePerCustomer);
        var first = await engine.StartAsync(new TaskCollection().Add(task, (order, _) => RunAsync(order)), options => options with { Worker = new WorkerOptions { Concurrency = 50 } });
        await engine.Conductor.InvokeManyAsync(task, Orders("a", 40), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(() => inside.Now("a") == 1, "one runs");
        await Eventually.IsTrue(async () => await engine.CountAsync("executions", "lane > E'\\x01' and lane < E'\\x02'") == 39, "the others are held");

        // A newer process says three; nothing has ended in between.
        await engine.StartAsync(new TaskCollection().Add(Limited(_onePerCustomer with { ConcurrencyPerKey = 3 }), (order, _) => RunAsync(order)), conductor: engine.NewConductor());
        await Eventually.IsTrue(() => inside.Now("a") == 3, "three run");

        // An operator says one again: no more start until all three have ended.
        await engine.Database.ExecuteAsync("update pgconductor.tasks set max_running_per_key = 1 where key = 'limited'");
        gate.Release(12);
        await Eventually.IsTrue(async () => await engine.CountAsync("completed_executions") == 12, "twelve are done");
        await Eventually.IsTrue(() => inside.Now("a") == 1, "one runs");

        // No limits any more: the backlog empties, and the task is an ordinary one.
        await engine.StartAsync(new TaskCollection().Add(Limited(TaskLimits.None), (order, _) => RunAsync(order)), conductor: engine.NewConductor());
        await Eventually.IsTrue(() => inside.Now("a") == 28, "all of the others run");
        Assert.Equal(28, inside.Most("a"));
        gate.Release(28);
        await engine.IsDoneAsync();
        await Eventually.IsTrue(async () => await engine.CountAsync("tasks", "holds") == 0, "nothing of the limits is left");
        Assert.Equal(0, await engine.CountAsync("held_lanes"));
        Assert.Equal(0, await engine.CountAsync("limits"));
        Assert.NotNull(first);
    }

    [Fact]
    public async Task A_users_open_transaction_blocks_neither_claims_nor_outcomes()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<Order>("limited", new TaskOptions { Limits = _onePerCustomer });
        await engine.StartAsync(new TaskCollection().Add(task, async (_, _) => await Task.Delay(1)));
        await engine.Conductor.InvokeManyAsync(task, Orders("a", 100), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(async () => await engine.CountAsync("held_lanes") == 1, "the key is held back");
        await using var connection = await engine.Database.DataSource.OpenConnectionAsync(TestEngine.Token);
        await using (var transaction = await connection.BeginTransactionAsync(TestEngine.Token))
        {
            await engine.Conductor.InvokeAsync(task, new Order("a", 100), new InvokeOptions(), transaction, TestEngine.Token);
            await Eventually.IsTrue(async () => await engine.CountAsync("completed_executions") == 100, "the hundred are done while it is open");
            Assert.Equal(1, await engine.CountAsync("held_lanes"));
            await transaction.CommitAsync(TestEngine.Token);
        }

        // And what it enqueued into the lane meanwhile is found.
        await Eventually.IsTrue(async () => await engine.CountAsync("completed_executions") == 101, "and the one of the transaction");
        await engine.IsDoneAsync();
        await NothingIsHeldAsync(engine);
    }

    /// <summary>No crash and no race makes one; somebody who writes into the tables does.</summary>
    [Fact]
    public async Task A_counter_that_is_wrong_is_told_and_put_right()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<Order>("limited", new TaskOptions { Limits = _onePerCustomer });
        var tasks = new TaskCollection().Add(task, (_, _) => Task.CompletedTask);
        var log = new CapturedLog();
        await engine.StartAsync(tasks, loggers: log);
        await engine.Database.ExecuteAsync("insert into pgconductor.limits (task_key, key, running) values ('limited', '=a', 1)");
        var handle = await engine.Conductor.InvokeAsync(task, new Order("a", 1), cancellationToken: TestEngine.Token);

        // Housekeeping begins with a process. The first one's may have begun late enough to see it too.
        await engine.StartAsync(tasks, conductor: engine.NewConductor(), loggers: log);

        await Eventually.IsTrue(() => log.Has(1500), "it is told");
        Assert.Contains("task limited, key =a, said that 1 run, and 0 do", Assert.Single(log.Entries, entry => entry.Id == 1500).Text, StringComparison.Ordinal);
        await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        await NothingIsHeldAsync(engine);
    }

    internal static IEnumerable<Order> Orders(string customer, int count) => Enumerable.Range(0, count).Select(number => new Order(customer, number));

    /// <summary>All that was taken was given back; what is left are keys' marks that the next claims remove.</summary>
    internal static async Task NothingIsHeldAsync(TestEngine engine)
    {
        Assert.Empty(await engine.Conductor.Database.CheckLimitsAsync(TestEngine.Token));
        await Eventually.IsTrue(
            async () => await engine.Database.ScalarAsync<long>("select (select count(*) from pgconductor.held_lanes) + (select coalesce(sum(running), 0) from pgconductor.limits) + (select count(*) from pgconductor.freed_slots)") == 0,
            "no key is held back and no slot is taken");
    }

    /// <summary>Four processes, as far as the database can tell.</summary>
    private static async Task StartFourAsync(TestEngine engine, TaskCollection tasks)
    {
        await engine.StartAsync(tasks);
        for (var more = 0; more < 3; more++)
        {
            await engine.StartAsync(tasks, conductor: engine.NewConductor());
        }
    }

    /// <summary>Counts who is inside, by name.</summary>
    internal sealed class Inside
    {
        private readonly ConcurrentDictionary<string, int[]> _counts = new(StringComparer.Ordinal);

        public int Most(string name) => _counts.TryGetValue(name, out var counts) ? Volatile.Read(ref counts[1]) : 0;

        public int Now(string name) => _counts.TryGetValue(name, out var counts) ? Volatile.Read(ref counts[0]) : 0;

        public async Task RunAsync(string name, int milliseconds, Func<Task>? work = null)
        {
            var counts = _counts.GetOrAdd(name, _ => new int[2]);
            var now = Interlocked.Increment(ref counts[0]);
            for (var most = Volatile.Read(ref counts[1]); most < now; most = Volatile.Read(ref counts[1]))
            {
                Interlocked.CompareExchange(ref counts[1], now, most);
            }

            try
            {
                if (milliseconds > 0)
                {
                    await Task.Delay(milliseconds);
                }

                await (work?.Invoke() ?? Task.CompletedTask);
            }
            finally
            {
                Interlocked.Decrement(ref counts[0]);
            }
        }
    }
}
