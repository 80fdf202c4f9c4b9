using System.Diagnostics;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

/// <summary>N21, scaled down: many executions through one process; the full million is in bench/.</summary>
[Collection(Timed.Name)]
public sealed class SteadyTests
{
    private const int Count = 200_000;
    private const int Tenth = Count / 10;
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { KeepCompleted = Retention.None });

    [Fact]
    public async Task The_last_tenth_is_as_fast_as_the_first_and_memory_is_flat()
    {
        await using var engine = await TestEngine.CreateAsync();
        for (var from = 0; from < Count; from += Tenth)
        {
            await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(from, Tenth), cancellationToken: TestEngine.Token);
        }

        var done = 0;
        var marks = new long[11];
        var memory = new long[11];
        var orchestrator = engine.New(
            new TaskCollection().Add(_job, (_, _) =>
            {
                var now = Interlocked.Increment(ref done);
                if (now % Tenth == 0)
                {
                    marks[now / Tenth] = Stopwatch.GetTimestamp();
                    memory[now / Tenth] = GC.GetTotalMemory(forceFullCollection: true);
                }

                return Task.CompletedTask;
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = 20 } });

        await orchestrator.DrainAsync(TestEngine.Token);

        Assert.Equal(Count, done);
        Assert.Equal(0, await engine.CountAsync("executions"));
        Assert.Equal(0, await engine.CountAsync("leases"));

        // The first tenth is the warm-up. A machine that is shared is uneven, so the better of two neighbours counts on both sides.
        double Took(int tenth) => Stopwatch.GetElapsedTime(marks[tenth - 1], marks[tenth]).TotalSeconds;
        var first = Math.Min(Took(2), Took(3));
        var last = Math.Min(Took(9), Took(10));
        Assert.True(last <= first * 1.1, $"the first took {first:0.000} s, the last {last:0.000} s");
        var grown = memory[10] - memory[2];
        Assert.True(grown < 8 * 1024 * 1024, $"memory grew by {grown} bytes: {string.Join(' ', memory)}");
    }
}
