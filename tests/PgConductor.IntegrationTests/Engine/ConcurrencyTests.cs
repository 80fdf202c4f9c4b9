using System.Collections.Concurrent;
using System.Diagnostics;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

/// <summary>N3: slots are refilled at once, exactly as many as asked for, and no process hoards.</summary>
[Collection(Timed.Name)]
public sealed class ConcurrencyTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(32)]
    public async Task Exactly_as_many_run_at_once_as_the_concurrency_says(int concurrency)
    {
        await using var engine = await TestEngine.CreateAsync();
        var running = 0;
        var most = 0;
        var full = new TaskCompletionSource();
        var order = new ConcurrentQueue<int>();
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, concurrency * 5), cancellationToken: TestEngine.Token);
        await engine.StartAsync(
            new TaskCollection().Add(_job, async (number, _) =>
            {
                order.Enqueue(number);
                var now = Interlocked.Increment(ref running);
                InterlockedMax(ref most, now);
                if (now == concurrency)
                {
                    full.TrySetResult();
                }

                // Until all slots are full; if they never are, the test fails here.
                await full.Task.WaitAsync(TimeSpan.FromSeconds(30));
                await Task.Delay(5);
                Interlocked.Decrement(ref running);
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = concurrency } });

        await engine.IsDoneAsync();

        Assert.Equal(concurrency, most);
        Assert.Equal(concurrency * 5, await engine.CountAsync("completed_executions", "attempts = 1"));
        if (concurrency == 1)
        {
            Assert.Equal(Enumerable.Range(0, 5), order);
        }
    }

    [Fact]
    public async Task Beside_one_long_execution_quick_ones_start_at_once()
    {
        await using var engine = await TestEngine.CreateAsync();
        var gate = new TaskCompletionSource();
        var started = new ConcurrentDictionary<int, long>();
        await engine.StartAsync(
            new TaskCollection().Add(_job, async (number, _) =>
            {
                started[number] = Stopwatch.GetTimestamp();
                await (number == 0 ? gate.Task : Task.Delay(20));
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = 10 } });
        await engine.Conductor.InvokeAsync(_job, 0, cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(() => started.ContainsKey(0), "the long one runs");

        // Each within 100 ms, in most rounds: what one round shows may be the machine's doing.
        var slowest = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            var waits = new List<double>();
            for (var number = (round * 9) + 1; number <= (round + 1) * 9; number++)
            {
                var invoked = Stopwatch.GetTimestamp();
                await engine.Conductor.InvokeAsync(_job, number, cancellationToken: TestEngine.Token);
                await Eventually.IsTrue(() => started.ContainsKey(number), $"number {number} starts");
                waits.Add(Stopwatch.GetElapsedTime(invoked, started[number]).TotalMilliseconds);
            }

            slowest.Add(waits.Max());
        }

        gate.SetResult();
        Assert.True(slowest.Order().ElementAt(2) < 100, $"the slowest start of each round, in milliseconds: {string.Join(' ', slowest.Select(wait => (int)wait))}");
    }

    [Fact]
    public async Task A_slot_that_becomes_free_is_filled_although_the_others_are_busy()
    {
        await using var engine = await TestEngine.CreateAsync();
        var gates = Enumerable.Range(0, 20).Select(_ => new TaskCompletionSource()).ToArray();
        var started = new ConcurrentDictionary<int, bool>();
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 20), cancellationToken: TestEngine.Token);
        await engine.StartAsync(
            new TaskCollection().Add(_job, async (number, _) =>
            {
                started[number] = true;
                await gates[number].Task;
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = 4 } });
        await Eventually.IsTrue(() => started.Count == 4, "four run");

        var waits = new List<TimeSpan>();
        for (var freed = 0; freed < 16; freed++)
        {
            var clock = Stopwatch.StartNew();
            gates[freed].SetResult();
            await Eventually.IsTrue(() => started.ContainsKey(freed + 4), $"the slot of {freed} is filled");
            waits.Add(clock.Elapsed);
        }

        Assert.True(waits.Order().ElementAt(8) < TimeSpan.FromSeconds(1) && waits.Max() < TimeSpan.FromSeconds(10), $"it took {string.Join(' ', waits)}");

        Assert.Equal(20, started.Count);
        foreach (var gate in gates.Skip(16))
        {
            gate.SetResult();
        }

        await engine.IsDoneAsync();
    }

    [Fact]
    public async Task Work_buffered_by_a_busy_process_is_soon_an_idle_ones()
    {
        await using var engine = await TestEngine.CreateAsync();
        var gate = new TaskCompletionSource();
        var quick = 0;
        var options = new WorkerOptions { Concurrency = 2, PrefetchTime = TimeSpan.FromSeconds(10), MaxPrefetch = 500 };

        // Quick at first, so that the first process learns to hold much ready; then its handlers hang.
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 400), cancellationToken: TestEngine.Token);
        var hung = 0;
        await engine.StartAsync(
            new TaskCollection().Add(_job, async (number, _) =>
            {
                if (number >= 200)
                {
                    Interlocked.Increment(ref hung);
                    await gate.Task;
                }
            }),
            settings => settings with { Worker = options });
        await Eventually.IsTrue(() => hung == 2, "the first process hangs");

        var clock = Stopwatch.StartNew();
        await engine.StartAsync(
            new TaskCollection().Add(_job, (_, _) =>
            {
                Interlocked.Increment(ref quick);
                return Task.CompletedTask;
            }),
            settings => settings with { Worker = options },
            engine.NewConductor());
        await Eventually.IsTrue(() => quick == 198, "the second process did the rest");

        // Two seconds are the longest that work waits in a process; left to the busy one it would wait for ever.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"it took {clock.Elapsed}");
        gate.SetResult();
        await engine.IsDoneAsync();
        Assert.Equal(400, await engine.CountAsync("completed_executions", "attempts = 1"));
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); seen < value; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
