using System.Collections.Concurrent;
using System.Globalization;
using PgConductor.Schedules;
using PgConductor.Testing;
using Xunit;

namespace PgConductor.TestingTests;

/// <summary>N16 (clock changes) and N22: what takes days, by a clock that is moved.</summary>
public sealed class AcceptanceTests
{
    private static readonly TaskOptions _atOnce = new() { Backoff = [TimeSpan.Zero], MaxAttempts = 4 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>N16. Berlin's clock skips 02:00 to 03:00 on the first of these nights, and goes through it twice on the second.</summary>
    [Theory]
    [InlineData("2030-03-29T12:00:00Z", 70, "30 2 * * *", "30T01:30 31T01:00 01T00:30")]
    [InlineData("2030-10-25T12:00:00Z", 70, "30 2 * * *", "26T00:30 27T00:30 28T01:30")]
    [InlineData("2030-10-26T21:30:00Z", 48, "0 1-3 * * *", "26T23:00 27T00:00 27T02:00 28T00:00 28T01:00 28T02:00")]
    public async Task Processes_run_each_tick_of_a_clock_change_once(string start, int hours, string cron, string expected)
    {
        var report = TaskDefinition.Create<string>("report");
        var tasks = new TaskCollection().Add(report, (_, _) => Task.CompletedTask);
        var at = DateTimeOffset.Parse(start, CultureInfo.InvariantCulture);
        await using var host = await ConductorTestHost.StartAsync(tasks, new ConductorTestHostOptions { Start = at }, Token);
        await host.StartProcessAsync(tasks, Token);
        await host.Conductor.ScheduleAsync("nightly", report, "x", cron, new ScheduleOptions { TimeZone = "Europe/Berlin", Missed = MissedRuns.All }, cancellationToken: Token);

        await host.RunUntilIdleAsync(TimeSpan.FromHours(hours), cancellationToken: Token);

        var ticks = (await host.Executions.ListAsync(report, cancellationToken: Token)).Select(run => ScheduleTick.Of(run.Id)).Order();
        Assert.Equal(expected, string.Join(' ', ticks.Select(tick => $"{tick:dd'T'HH:mm}")));
    }

    /// <summary>N22.</summary>
    [Fact]
    public async Task A_drain_ends_when_children_retries_and_sleeps_are_through_and_not_before()
    {
        var child = TaskDefinition.Create<int, int>("child", _atOnce);
        var parent = TaskDefinition.Create<int, int>("parent", _atOnce);
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection()
                .Add(child, (n, context) => context.Attempt < 1 + (n % 3) ? throw new InvalidOperationException("not yet") : Task.FromResult(n))
                .Add(parent, async (n, context) =>
                {
                    var before = (await context.InvokeAllAsync("before", child, [n, n + 1, n + 2])).Sum();
                    await context.SleepAsync("an hour", TimeSpan.FromHours(1));
                    var after = await context.InvokeAsync("after", child, before);
                    return context.Attempt == 1 ? throw new InvalidOperationException("once more") : after;
                }),
            cancellationToken: Token);
        var parents = await host.Conductor.InvokeManyAsync(parent, Enumerable.Range(0, 20), cancellationToken: Token);

        // Nothing is due now, and all sleep: every child has had its retries.
        await host.DrainAsync(cancellationToken: Token);
        foreach (var id in parents)
        {
            await host.Executions.ShouldBeScheduledAsync(id, cancellationToken: Token);
        }

        Assert.Equal(60, (await host.Conductor.CountAsync(taskKey: child.Key, cancellationToken: Token)).Where(count => count.State == ExecutionState.Completed).Sum(count => count.Count));

        await host.Clock.AdvanceAsync(TimeSpan.FromHours(1), Token);
        await host.DrainAsync(cancellationToken: Token);

        await host.Executions.ShouldBeNoneLeftAsync(cancellationToken: Token);
        for (var n = 0; n < parents.Count; n++)
        {
            Assert.Equal((3 * n) + 3, (await host.Executions.ShouldBeCompletedAsync(parents[n], Token)).Result!.Value.GetInt32());
        }
    }

    /// <summary>N22, limits: what they hold back goes on only when a slot was given back and counted, which no lease and no due execution shows.</summary>
    [Fact]
    public async Task A_drain_ends_when_what_limits_hold_back_is_through_and_not_before()
    {
        var child = TaskDefinition.Create<int, int>("child", _atOnce with { Limits = new TaskLimits { Concurrency = 2 } });
        var parent = TaskDefinition.Create<Job, int>("parent", _atOnce with { Limits = new TaskLimits { Key = "customer", ConcurrencyPerKey = 1 } });
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection()
                .Add(child, (n, context) => context.Attempt < 2 ? throw new InvalidOperationException("not yet") : Task.FromResult(n))
                .Add(parent, async (job, context) =>
                {
                    var sum = (await context.InvokeAllAsync("children", child, [job.Number, job.Number])).Sum();
                    await context.SleepAsync("an hour", TimeSpan.FromHours(1));
                    return context.Attempt == 1 ? throw new InvalidOperationException("once more") : sum;
                }),
            cancellationToken: Token);
        var parents = await host.Conductor.InvokeManyAsync(parent, Enumerable.Range(0, 30).Select(n => new Job(n % 3 == 0 ? "many" : $"customer {n % 5}", n)), cancellationToken: Token);

        await host.DrainAsync(cancellationToken: Token);
        foreach (var id in parents)
        {
            await host.Executions.ShouldBeScheduledAsync(id, TimeSpan.FromHours(1), Token);
        }

        await host.Clock.AdvanceAsync(TimeSpan.FromHours(1), Token);
        await host.DrainAsync(cancellationToken: Token);

        await host.Executions.ShouldBeNoneLeftAsync(cancellationToken: Token);
        for (var n = 0; n < parents.Count; n++)
        {
            Assert.Equal(2 * n, (await host.Executions.ShouldBeCompletedAsync(parents[n], Token)).Result!.Value.GetInt32());
        }
    }

    [Fact]
    public async Task A_rates_next_token_is_waited_for_by_the_clock()
    {
        var task = TaskDefinition.Create<Job>("job", new TaskOptions { Limits = new TaskLimits { Rate = new RateLimit(6, TimeSpan.FromHours(1)), Key = "customer", RatePerKey = new RateLimit(2, TimeSpan.FromHours(1)) } });
        var ran = new ConcurrentQueue<string>();
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(task, (job, _) =>
            {
                ran.Enqueue(job.Customer);
                return Task.CompletedTask;
            }),
            cancellationToken: Token);
        await host.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 12).Select(n => new Job(n < 6 ? "many" : $"{n}", n)), cancellationToken: Token);

        // Two of the one who has many, four of the others: the task has no more.
        await host.DrainAsync(cancellationToken: Token);
        Assert.Equal(6, ran.Count);

        // A token of the task's each ten minutes, one of the key's each thirty.
        var start = host.Clock.GetUtcNow();
        Assert.InRange((await host.AdvanceToNextAsync(Token) - start)!.Value.TotalMinutes, 10, 10.001);
        await host.DrainAsync(cancellationToken: Token);
        Assert.Equal(7, ran.Count);

        await host.RunUntilIdleAsync(TimeSpan.FromHours(6), cancellationToken: Token);
        Assert.Equal((12, 6), (ran.Count, ran.Count(customer => customer == "many")));
        await host.Executions.ShouldBeNoneLeftAsync(cancellationToken: Token);
    }

    private sealed record Job(string Customer, int Number);
}
