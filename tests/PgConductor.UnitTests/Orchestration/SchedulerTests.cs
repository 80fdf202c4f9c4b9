using System.Text;
using PgConductor.Database;
using PgConductor.Orchestration;
using PgConductor.Schedules;
using PgConductor.TestSupport;
using PgConductor.TestSupport.InMemory;
using Xunit;

namespace PgConductor.UnitTests.Orchestration;

/// <summary>The scheduler's loop: when it looks, that N of them make each tick once, and what it survives.</summary>
public sealed class SchedulerTests : IAsyncLifetime
{
    private static readonly DateTimeOffset _start = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly TestClock _server = new(_start);
    private readonly InMemoryDatabase _shared;
    private readonly InMemoryDatabaseClient _database;
    private readonly CancellationTokenSource _stop = new();
    private readonly CapturedLog _log = new();
    private readonly List<Node> _nodes = [];

    public SchedulerTests()
    {
        _shared = new InMemoryDatabase(_server);
        _database = new InMemoryDatabaseClient(_shared);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_nodes.Select(node => node.Running)).WaitAsync(TimeSpan.FromSeconds(30));
        _stop.Dispose();
    }

    [Fact]
    public async Task Four_processes_with_clocks_a_minute_apart_make_each_tick_once()
    {
        await ScheduleAsync("a", "*/2 * * * * *");
        foreach (var skew in (int[])[-60, -20, 30, 60])
        {
            Start(TimeSpan.FromSeconds(skew)).Scheduler.DueIn(TimeSpan.Zero);
        }

        await LooksAsync();
        for (var second = 1; second <= 90; second++)
        {
            Advance(TimeSpan.FromSeconds(1));
            var expected = (second + 1) / 2;
            await Eventually.IsTrue(async () => (await TicksAsync()).Count >= expected, $"tick {expected} is enqueued");
        }

        Assert.Equal(Enumerable.Range(0, 45).Select(n => _start.AddSeconds(1 + (2 * n))), await TicksAsync());
    }

    [Fact]
    public async Task Nothing_is_asked_until_one_is_due()
    {
        await ScheduleAsync("a", "0 * * * *");
        var node = Start(TimeSpan.Zero);
        Advance(TimeSpan.FromHours(2));
        Assert.Equal(0, node.Looks);

        node.Scheduler.DueIn(TimeSpan.Zero);
        await LooksAsync();
        Assert.Equal(1, node.Looks);
        await WaitsAsync(node);
        Advance(TimeSpan.FromMinutes(55));
        Assert.Equal(1, node.Looks);

        Advance(TimeSpan.FromMinutes(1));
        await Eventually.IsTrue(() => node.Looks == 2, "it looks at the hour");
        await Eventually.IsTrue(async () => (await TicksAsync()).Count == 3, "and the tick is enqueued, after the two that were missed before");
    }

    [Fact]
    public async Task What_is_due_sooner_than_was_known_is_looked_at_sooner_and_what_is_due_later_not_again()
    {
        var node = Start(TimeSpan.Zero);
        node.Scheduler.DueIn(TimeSpan.FromMinutes(10));
        node.Scheduler.DueIn(TimeSpan.FromMinutes(1));
        node.Scheduler.DueIn(TimeSpan.FromMinutes(5));
        await WaitsAsync(node);
        Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(0, node.Looks);
        Advance(TimeSpan.FromSeconds(1));
        await Eventually.IsTrue(() => node.Looks == 1, "one look after a minute");
        Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, node.Looks);
    }

    [Fact]
    public async Task A_failure_is_logged_and_tried_again_and_nothing_is_lost_or_doubled()
    {
        await ScheduleAsync("a", "0 * * * *");
        var node = Start(TimeSpan.Zero);
        node.Scheduler.DueIn(TimeSpan.Zero);
        await LooksAsync();
        await WaitsAsync(node);
        node.Database.Faults.FailNext(nameof(IDatabaseClient.GetDueSchedulesAsync), ServerErrors.Of("57P01"), times: 2);
        node.Database.Faults.FailNext(nameof(IDatabaseClient.AdvanceSchedulesAsync), ServerErrors.Of("08006"), afterwards: true);
        Advance(TimeSpan.FromHours(1));

        await Eventually.IsTrue(
            async () =>
            {
                Advance(TimeSpan.FromMilliseconds(100));
                return (await TicksAsync()).Count == 1 && _log.Entries.Count(entry => entry.Id == 1304) == 3;
            },
            "the tick is enqueued after three failures");
        Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([new DateTimeOffset(2030, 1, 2, 4, 0, 0, TimeSpan.Zero)], await TicksAsync());
    }

    [Fact]
    public async Task One_that_cannot_be_read_here_is_asked_for_once_a_minute()
    {
        await ScheduleAsync("broken", "0 * * * *", cron: "0 0 32 * *");
        await ScheduleAsync("a", "* * * * * *");
        var node = Start(TimeSpan.Zero);
        node.Scheduler.DueIn(TimeSpan.Zero);
        await LooksAsync();
        for (var second = 1; second <= 150; second++)
        {
            await WaitsAsync(node);
            Advance(TimeSpan.FromSeconds(1));
            var expected = second;
            await Eventually.IsTrue(async () => (await TicksAsync()).Count >= expected, $"tick {expected} of the other");
        }

        Assert.InRange(_log.Entries.Count(entry => entry.Id == 1301), 2, 3);
        Assert.Equal(150, (await TicksAsync()).Count);
    }

    [Fact]
    public async Task A_thousand_that_are_due_at_once_are_all_enqueued_and_none_twice()
    {
        for (var n = 0; n < 1000; n++)
        {
            await ScheduleAsync($"s{n}", "0 4 * * *");
        }

        Start(TimeSpan.Zero).Scheduler.DueIn(TimeSpan.Zero);
        Start(TimeSpan.FromSeconds(45)).Scheduler.DueIn(TimeSpan.Zero);
        await Eventually.IsTrue(async () => (await _database.ListSchedulesAsync(null, Token)).All(schedule => schedule.NextRunAt is not null), "all were looked at");
        foreach (var node in _nodes)
        {
            await WaitsAsync(node);
        }

        Advance(TimeSpan.FromHours(1));

        await Eventually.IsTrue(() => _shared.Run(shared => shared.Tables.Waiting.Of("default").Count) == 1000, "a thousand runs");
    }

    private async Task ScheduleAsync(string key, string expression, string? cron = null)
    {
        var spec = ScheduleRules.Check(key, "t", expression, new ScheduleOptions { Missed = MissedRuns.All }) with { Payload = Encoding.UTF8.GetBytes("1") };
        await _database.ScheduleAsync(cron is null ? spec : spec with { Cron = cron }, null, Token);
    }

    private Node Start(TimeSpan skew)
    {
        var clock = new TestClock(_start + skew);
        var database = new InMemoryDatabaseClient(_shared);
        var logger = _log.CreateLogger("");
        var scheduler = new Scheduler(new ScheduleRunner(database, clock, logger), TimeSpan.FromSeconds(5), clock, logger);
        var node = new Node(clock, database, scheduler, Task.Run(() => scheduler.RunAsync(_stop.Token)));
        _nodes.Add(node);
        return node;
    }

    private void Advance(TimeSpan by)
    {
        _server.Advance(by);
        _nodes.ForEach(node => node.Clock.Advance(by));
    }

    /// <summary>Each has looked at what is there, and knows when the next tick is.</summary>
    private Task LooksAsync() =>
        Eventually.IsTrue(
            async () => _nodes.TrueForAll(node => node.Looks > 0 && node.Clock.ActiveTimers > 0) && (await _database.ListSchedulesAsync(null, Token)).All(schedule => schedule.NextRunAt is not null || schedule.Fault is not null),
            "all have looked");

    private static Task WaitsAsync(Node node) => Eventually.IsTrue(() => node.Clock.ActiveTimers > 0, "it waits");

    private async Task<IReadOnlyList<DateTimeOffset>> TicksAsync() =>
        [.. (await _database.ListExecutionsAsync(new PgConductor.Client.ExecutionQuery { Limit = 1000 }, Token)).Select(execution => ScheduleTick.Of(execution.Id)).Order()];

    private sealed record Node(TestClock Clock, InMemoryDatabaseClient Database, Scheduler Scheduler, Task Running)
    {
        public int Looks => Database.Faults.Calls(nameof(IDatabaseClient.GetDueSchedulesAsync));
    }
}
