using System.Collections.Concurrent;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Guides;

#pragma warning disable xUnit1051 // What is quoted is written as a reader would write it.

/// <summary>The code that docs/guides/limits.md quotes, run.</summary>
public sealed class LimitGuideTests
{
    // docs:start limit-task
    private static readonly TaskDefinition<Charge, NoResult> _charge = TaskDefinition.Create<Charge>("charge", new TaskOptions
    {
        Limits = new TaskLimits
        {
            // The bank takes ten at once and fifty a second, from all of our processes together.
            Concurrency = 10,
            Rate = RateLimit.PerSecond(50),

            // And one at a time for each customer, at most twenty a minute.
            Key = "customer.id",
            ConcurrencyPerKey = 1,
            RatePerKey = RateLimit.PerMinute(20) with { Burst = 5 },
        },
    });
    // docs:end

    // docs:start limit-fair
    private static readonly TaskDefinition<Mail, NoResult> _mail = TaskDefinition.Create<Mail>("mail", new TaskOptions
    {
        Limits = new TaskLimits { Key = "tenant", Fair = true },
    });
    // docs:end

    [Fact]
    public async Task The_guide_holds()
    {
        await using var engine = await TestEngine.CreateAsync();
        var running = new ConcurrentDictionary<int, int>();
        var mails = new ConcurrentQueue<string>();
        var together = 0;
        var gate = new TaskCompletionSource();
        var tasks = new TaskCollection()
            .Add(_charge, async (charge, _) =>
            {
                if (running.AddOrUpdate(charge.Customer.Id, 1, (_, n) => n + 1) > 1)
                {
                    Interlocked.Increment(ref together);
                }

                await gate.Task;
                running.AddOrUpdate(charge.Customer.Id, 0, (_, n) => n - 1);
            })
            .Add(_mail, (mail, _) =>
            {
                mails.Enqueue(mail.Tenant);
                return Task.CompletedTask;
            });
        await engine.Conductor.MigrateAsync();
        await engine.StartAsync(tasks);
        await engine.Conductor.InvokeManyAsync(_charge, Enumerable.Range(0, 12).Select(n => new Charge(new Customer(n % 3), n)));
        await Eventually.IsTrue(async () => await engine.CountAsync("held_lanes") == 3, "three customers are held back");

        var held = await HeldBackAsync(engine.Conductor);

        Assert.Equal(["0: 3 wait", "1: 3 wait", "2: 3 wait"], held.Order(StringComparer.Ordinal));
        gate.SetResult();
        await engine.Conductor.InvokeManyAsync(_mail, [new Mail("a"), new Mail("a"), new Mail("b")]);
        await Eventually.IsTrue(() => mails.Count == 3, "the mails are sent");
        await Eventually.IsTrue(async () => await engine.CountAsync("completed_executions", "task_key = 'charge'") == 12, "all are charged");
        Assert.Equal(0, together);
    }

    private static async Task<List<string>> HeldBackAsync(Conductor conductor)
    {
        // docs:start limit-list
        var limits = await conductor.ListLimitsAsync("charge");
        var held = limits.Where(limit => limit.Waiting > 0).Select(limit => $"{limit.Key}: {limit.Waiting} wait");
        // docs:end
        return [.. held];
    }

    private sealed record Charge(Customer Customer, decimal Amount);

    private sealed record Customer(int Id);

    private sealed record Mail(string Tenant);
}
