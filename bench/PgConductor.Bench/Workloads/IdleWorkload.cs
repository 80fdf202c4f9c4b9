using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>What a process with nothing to do costs, with one queue and with fifty: statements a second, and processor time of client and server.</summary>
internal sealed class IdleWorkload : Workload
{
    public override string Name => "idle";

    /// <summary>Seconds.</summary>
    public override int DefaultCount => 60;

    public override int DefaultWarmUp => 0;

    public override int DefaultRepeat => 1;

    public override async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var results = new List<BenchResult>();
        await using var conductor = await run.NewConductorAsync(cancellationToken);
        foreach (var queues in (int[])[1, 50])
        {
            var sample = await MeasureAsync(run, queues, cancellationToken);
            var settings = new Dictionary<string, object>(run.Settings, StringComparer.Ordinal) { ["queues"] = queues };
            results.Add(BenchResult.Of($"{Name} {queues} {(queues == 1 ? "queue" : "queues")}", run.Count, [sample], settings));
        }

        return results;
    }

    protected override Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken) =>
        MeasureAsync(run, 1, cancellationToken);

    private static async Task<Sample> MeasureAsync(BenchRun run, int queues, CancellationToken cancellationToken)
    {
        var used = await IdleChild.MeasureAsync(run, queues, run.Count, cancellationToken);
        return new Sample
        {
            PerSecond = used.Statements / used.Seconds,
            Verified = used.Ran == 0,
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["statementsPerSecond"] = Math.Round(used.Statements / used.Seconds, 2),
                ["clientPercentOfACore"] = Math.Round(used.ClientSeconds / used.Seconds * 100, 3),
                ["serverPercentOfACore"] = used.ServerSeconds is { } server ? Math.Round(server / used.Seconds * 100, 3) : null,
            },
        };
    }
}
