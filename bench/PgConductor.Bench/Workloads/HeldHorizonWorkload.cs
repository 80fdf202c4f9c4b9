using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>
/// Work flows while another transaction is left open, so that no dead row can be cleaned up: first at a steady rate, then at
/// full speed. The limit is full speed where nothing is held.
/// </summary>
/// <remarks>
/// A machine that is shared changes its speed within these minutes, by more than what is looked for. So the limit is measured in turns with
/// the slices at full speed: before and after each, a third of its time, by the same flow in a new database of the same server. The
/// processor time of an execution depends on the machine's changes much less than the rate does.
/// </remarks>
internal sealed class HeldHorizonWorkload : Workload
{
    /// <summary>Of the time it is held: the first half at the steady rate, the second at full speed.</summary>
    private const int Slices = 20;

    /// <summary>Faster than any machine is known to be.</summary>
    private const int MostPerSecond = 500_000;

    private const int MostExecutions = 40_000_000;

    public override string Name => "held-horizon";

    /// <summary>How many there are is a matter of speed; <see cref="BenchOptions.Seconds"/> bounds it.</summary>
    public override int DefaultCount => MostExecutions;

    public override int DefaultRepeat => 1;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var held = TimeSpan.FromSeconds(run.Options.Seconds);
        var slice = TimeSpan.FromSeconds(Math.Max(1, held.TotalSeconds / Slices));
        await using var flow = await Flow.StartAsync(run, conductor, MostExecutions, cancellationToken);
        await run.Database.SettleAsync(cancellationToken);
        List<FlowSlice> slices = [.. await flow.FullSpeedAsync("free", held / 4, held / 4, cancellationToken)];
        List<FlowSlice> full = [];
        await using var turns = new FreeTurns(run, slice / 3);
        await using (var holder = await HorizonHolder.OpenAsync(run.Database, run.Options.Holder, cancellationToken))
        {
            slices.AddRange(await flow.SteadyAsync("steady", held / 2, slice, run.Options.Rate, cancellationToken));
            var before = await turns.MeasureAsync(cancellationToken);
            for (var left = held / 2; left > slice / 10; left -= slice)
            {
                var part = await flow.FullSpeedAsync("full", slice < left ? slice : left, slice, cancellationToken);
                var after = await turns.MeasureAsync(cancellationToken);
                full.AddRange(part.Select(measured => measured with
                {
                    FreePerSecond = Math.Round((before.PerSecond + after.PerSecond) / 2),
                    FreeProcessorMicrosecondsEach = (before.ProcessorMicrosecondsEach + after.ProcessorMicrosecondsEach) / 2,
                }));
                before = after;
            }
        }

        slices.AddRange(full);
        var ratios = full.Select(part => part.PerSecond / part.FreePerSecond!.Value).ToList();
        return new Sample
        {
            PerSecond = full.Average(part => part.PerSecond),
            Limit = full.Average(part => part.FreePerSecond!.Value),
            Ratio = ratios.Average(),
            LatenciesMs = flow.LatenciesMs,
            Verified = await flow.FinishAsync(cancellationToken) && turns.Verified,
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["holder"] = run.Options.Holder,
                ["seconds"] = run.Options.Seconds,
                ["steadyRate"] = run.Options.Rate,
                ["jobs"] = flow.Enqueued,
                ["leastRatio"] = Math.Round(ratios.Min(), 3),
                ["processorRatio"] = full.Average(part => part.ProcessorMicrosecondsEach / part.FreeProcessorMicrosecondsEach) is { } ratio ? Math.Round(ratio, 3) : null,
                ["mostProcessorRatio"] = full.Max(part => part.ProcessorMicrosecondsEach / part.FreeProcessorMicrosecondsEach) is { } most ? Math.Round(most, 3) : null,
                ["lastToFirst"] = Math.Round(full[^1].PerSecond / full[0].PerSecond, 3),
                ["deadRows"] = full[^1].DeadRows,
                ["slices"] = slices,
            },
        };
    }

    /// <summary>The flow where nothing is held, each time in a new database: it has no dead rows, whatever kind of transaction is open beside it.</summary>
    private sealed class FreeTurns(BenchRun run, TimeSpan duration) : IAsyncDisposable
    {
        private readonly List<IAsyncDisposable> _databases = [];

        public bool Verified { get; private set; } = true;

        public async Task<FlowSlice> MeasureAsync(CancellationToken cancellationToken)
        {
            var free = await run.OnNewDatabaseAsync(cancellationToken);
            _databases.Add(free.Database);
            await using var conductor = await free.NewConductorAsync(cancellationToken);
            await free.WarmUpAsync(conductor, cancellationToken);
            await using var flow = await Flow.StartAsync(free, conductor, (int)(duration.TotalSeconds * 1.5 * MostPerSecond), cancellationToken);
            // Connections, plans and the first pages of the tables.
            await flow.FullSpeedAsync("start", duration / 5, duration, cancellationToken);
            var slices = await flow.FullSpeedAsync("free", duration, duration, cancellationToken);
            Verified &= await flow.FinishAsync(cancellationToken);
            return slices[0];
        }

        /// <summary>At the end: a database that is dropped makes the server write everything out, which the next slice would pay for.</summary>
        public async ValueTask DisposeAsync()
        {
            foreach (var database in _databases)
            {
                await database.DisposeAsync();
            }
        }
    }
}
