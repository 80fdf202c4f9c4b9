using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Steps;

/// <summary>What steps and waits cost in statements.</summary>
public sealed class RoundTripTests
{
    private static readonly TaskDefinition<int, int> _task = TaskDefinition.Create<int, int>("long", new TaskOptions { MaxAttempts = 1 });

    [Fact]
    public async Task A_thousand_steps_and_ten_waits_do_not_read_a_step_twice_nor_one_by_one()
    {
        var (saves, steps, loads, returns) = (0, 0, 0, 0);
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, database =>
        {
            database.On<IReadOnlyList<StepEffect>>("SaveStepsAsync", (args, call) =>
            {
                Interlocked.Increment(ref saves);
                Interlocked.Add(ref steps, ((IReadOnlyList<StepSave>)args[1]!).Count);
                return call();
            });
            database.On<IReadOnlyList<StoredStep>>("LoadStepsAsync", (_, call) =>
            {
                Interlocked.Increment(ref loads);
                return call();
            });
            database.On<IReadOnlyList<Settlement>>("ReturnAsync", (_, call) =>
            {
                Interlocked.Increment(ref returns);
                return call();
            });
        }));
        var runs = 0;
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            Interlocked.Increment(ref runs);
            var sum = 0;
            for (var part = 0; part < 10; part++)
            {
                sum += (await Task.WhenAll(Enumerable.Range(0, 100).Select(i => context.StepAsync($"{part}/{i}", async () =>
                {
                    await Task.Yield();
                    return i;
                })))).Sum();
                await context.SleepAsync($"nap {part}", TimeSpan.FromMilliseconds(1));
            }

            return sum;
        }));

        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);

        Assert.Equal(49_500, await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        Assert.Equal((11, 1000, 0, 11), (runs, steps, loads, returns));
        Assert.InRange(saves, 10, 300);
    }

    [Fact]
    public async Task Executions_without_steps_do_not_touch_them()
    {
        await using var engine = await TestEngine.CreateAsync();
        var plain = TaskDefinition.Create<int>("plain");
        var orchestrator = await engine.StartAsync(new TaskCollection().Add(plain, async (_, _) => await Task.Yield()));

        await engine.Conductor.InvokeManyAsync(plain, Enumerable.Range(0, 500), cancellationToken: TestEngine.Token);
        await engine.IsDoneAsync();
        await orchestrator.StopAsync(TestEngine.Token);
        await engine.Conductor.DisposeAsync();

        // A session's counts arrive all at once, at its end at the latest.
        await Eventually.IsTrue(
            async () => await StatisticAsync(engine, "n_tup_ins", "like 'completed_executions%'") == 500 && await StatisticAsync(engine, "n_tup_del", "= 'leases'") > 0 && await StatisticAsync(engine, "n_tup_ins", "= 'leases'") > 0,
            "the server has counted what was done");
        Assert.Equal(0, await StatisticAsync(engine, "seq_scan + coalesce(idx_scan, 0)", "= 'steps'"));
    }

    private static Task<long> StatisticAsync(TestEngine engine, string what, string table) =>
        engine.Database.ScalarAsync<long>($"select coalesce(sum({what}), 0)::bigint from pg_stat_user_tables where schemaname = 'pgconductor' and relname {table}")!;
}
