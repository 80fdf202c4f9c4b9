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
    private const int Rounds = 3;
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { KeepCompleted = Retention.None });

    [Fact]
    public async Task The_last_tenth_is_as_fast_as_the_first_and_memory_is_flat()
    {
        // Of several rounds, so that a burst of other work on a shared machine meets early and late tenths alike.
        var early = new List<double>();
        var late = new List<double>();
        var grown = new List<long>();
        for (var round = 0; round < Rounds; round++)
        {
            var (took, memory) = await RunAsync();

            // The first tenth is the warm-up.
            early.AddRange(took[1..5]);
            late.AddRange(took[6..10]);
            grown.Add(memory[9] - memory[1]);
        }

        // Within ten percent, and what the machine's unrest makes of equal work.
        var (first, last, unrest) = (Quantile(early, 0.5), Quantile(late, 0.5), Quantile(early, 0.75) - Quantile(early, 0.25));
        Assert.True(last <= (first * 1.1) + unrest, $"the first took {first:0.000} s, the last {last:0.000} s; early: {Text(early)}; late: {Text(late)}");
        Assert.True(grown.Min() < 8 * 1024 * 1024, $"memory grew by {string.Join(' ', grown)} bytes");
    }

    private static double Quantile(List<double> values, double part) => values.Order().ElementAt((int)(part * values.Count));

    private static string Text(List<double> values) => string.Join(' ', values.Select(value => $"{value:0.000}"));

    /// <summary>Seconds that each tenth took, and the memory after it.</summary>
    private static async Task<(double[] Took, long[] Memory)> RunAsync()
    {
        await using var engine = await TestEngine.CreateAsync();
        for (var from = 0; from < Count; from += Tenth)
        {
            await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(from, Tenth), cancellationToken: TestEngine.Token);
        }

        var done = 0;
        var marks = new long[11];
        var memory = new long[10];
        var orchestrator = engine.New(
            new TaskCollection().Add(_job, (_, _) =>
            {
                var now = Interlocked.Increment(ref done);
                if (now % Tenth == 0)
                {
                    marks[now / Tenth] = Stopwatch.GetTimestamp();
                    memory[(now / Tenth) - 1] = GC.GetTotalMemory(forceFullCollection: true);
                }

                return Task.CompletedTask;
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = 20 } });

        marks[0] = Stopwatch.GetTimestamp();
        await orchestrator.DrainAsync(TestEngine.Token);

        Assert.Equal(Count, done);
        Assert.Equal(0, await engine.CountAsync("executions"));
        Assert.Equal(0, await engine.CountAsync("leases"));
        return ([.. Enumerable.Range(1, 10).Select(tenth => Stopwatch.GetElapsedTime(marks[tenth - 1], marks[tenth]).TotalSeconds)], memory);
    }
}
