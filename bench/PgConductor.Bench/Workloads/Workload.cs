using PgConductor.Bench.Measures;
using PgConductor.Bench.Workloads.Growth;

namespace PgConductor.Bench.Workloads;

/// <summary>Something to measure, by name.</summary>
internal abstract class Workload
{
    private static readonly Workload[] _all =
    [
        new LimitWorkload(), new DrainWorkload(), new EnqueueOneWorkload(), new EnqueueManyWorkload(), new LatencyWorkload(),
        new SteadyWorkload(), new MillionWorkload(), new SleepingWorkload(), new RecoverWorkload(), new HeldHorizonWorkload(),
        new WalWorkload(), new IdleWorkload(), new QueuesWorkload(), new HeldBackWorkload(), new WorkflowWorkload(), new EventsWorkload(), new GrowthWorkload(),
    ];

    /// <summary>Those that take seconds.</summary>
    public static IEnumerable<Workload> Short => _all.Take(6);

    public abstract string Name { get; }

    public abstract int DefaultCount { get; }

    public virtual int DefaultWarmUp => 20_000;

    /// <summary>Whether what is measured are single invokes: then they are what it warms up with.</summary>
    public virtual bool OneByOne => false;

    public virtual int DefaultRepeat => 3;

    /// <summary>Null: the product's default.</summary>
    public virtual int? DefaultConcurrency => null;

    /// <exception cref="BenchException">There is none of this name.</exception>
    public static Workload Find(string name) =>
        Array.Find(_all, workload => workload.Name == name)
        ?? throw new BenchException($"there is no workload \"{name}\"; there are {string.Join(", ", _all.Select(workload => workload.Name))} and all.");

    /// <summary>Measures; most workloads make one result of several runs.</summary>
    public virtual async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var samples = new List<Sample>();
        await using (var conductor = await run.NewConductorAsync(cancellationToken))
        {
            if (run.WarmUp > 0)
            {
                await run.WarmUpAsync(conductor, cancellationToken);
            }

            for (var i = 0; i < run.Repeat; i++)
            {
                samples.Add(await RunOnceAsync(run, conductor, cancellationToken));
            }
        }

        return [BenchResult.Of(Name, run.Count, samples, run.Settings)];
    }

    /// <summary>One run, its limit measured beside it.</summary>
    protected abstract Task<Sample> RunOnceAsync(BenchRun run, Client.Conductor conductor, CancellationToken cancellationToken);
}
