using PgConductor.Bench.Measures;
using PgConductor.Bench.Server;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace PgConductor.Bench.Workloads;

/// <summary>One workload's run: its options with defaults filled in, its database, and the product set up the way a user would.</summary>
internal sealed class BenchRun(BenchOptions options, Workload workload, BenchServer server, BenchDatabase database)
{
    private const int Chunk = 10_000;

    public BenchOptions Options => options;

    public BenchDatabase Database => database;

    public int Count => options.Count ?? workload.DefaultCount;

    public int WarmUp => options.WarmUp ?? Math.Min(workload.DefaultWarmUp, options.Count ?? int.MaxValue);

    public int Repeat => options.Repeat ?? workload.DefaultRepeat;

    public WorkerOptions WorkerOptions
    {
        get
        {
            var worker = new WorkerOptions();
            worker = (options.Concurrency ?? workload.DefaultConcurrency) is { } concurrency ? worker with { Concurrency = concurrency } : worker;
            return options.MaxClaim is { } maxClaim ? worker with { MaxClaim = maxClaim } : worker;
        }
    }

    public TaskDefinition<Work, NoResult> Task => TaskDefinition.Create<Work>("bench", new TaskOptions
    {
        KeepCompleted = options.Keep ? Retention.For(TimeSpan.FromDays(1)) : Retention.None,
    });

    /// <summary>What the figures depend on.</summary>
    public IReadOnlyDictionary<string, object> Settings => new Dictionary<string, object>(server.Facts, StringComparer.Ordinal)
    {
        ["concurrency"] = WorkerOptions.Concurrency,
        ["maxClaim"] = WorkerOptions.MaxClaim,
        ["maxPrefetch"] = WorkerOptions.MaxPrefetch,
        ["payloadBytes"] = options.PayloadBytes,
        ["retention"] = options.Keep ? "1 day" : "none",
        ["clients"] = options.Clients,
        ["repeat"] = Repeat,
        ["warmUp"] = WarmUp,
        ["runtime"] = Environment.Version.ToString(),
    };

    /// <summary>The same on a new database, which whoever asks disposes of.</summary>
    public async Task<BenchRun> OnNewDatabaseAsync(CancellationToken cancellationToken) =>
        new(options, workload, server, await server.CreateDatabaseAsync(cancellationToken));

    public async Task<Conductor> NewConductorAsync(CancellationToken cancellationToken)
    {
        // Counting tens of millions of rows takes longer than a program would want to wait.
        var conductor = new Conductor(new ConductorOptions { ConnectionString = database.ConnectionString, StatementTimeout = TimeSpan.FromMinutes(5) });
        try
        {
            await conductor.MigrateAsync(cancellationToken);
            return conductor;
        }
        catch
        {
            await conductor.DisposeAsync();
            throw;
        }
    }

    /// <summary>A process that runs the task with this handler.</summary>
    public Orchestrator NewOrchestrator(Conductor conductor, Func<Work, Task> handler) =>
        new(conductor, new TaskCollection().Add(Task, (work, _) => handler(work)), new OrchestratorOptions { Worker = WorkerOptions });

    /// <summary>A process that only counts.</summary>
    public Orchestrator NewOrchestrator(Conductor conductor, Ledger ledger) =>
        NewOrchestrator(conductor, work =>
        {
            ledger.Ran(work.N);
            return System.Threading.Tasks.Task.CompletedTask;
        });

    /// <summary>Numbers first to first + count - 1.</summary>
    public async Task EnqueueAsync(Conductor conductor, int first, int count, InvokeOptions? invokeOptions, CancellationToken cancellationToken, int chunk = Chunk)
    {
        for (var done = 0; done < count; done += chunk)
        {
            var from = first + done;
            await conductor.InvokeManyAsync(Task, Enumerable.Range(from, Math.Min(chunk, count - done)).Select(n => Work.Of(n, options.PayloadBytes)), invokeOptions, cancellationToken: cancellationToken);
        }
    }

    /// <summary>Runs the whole path, the way it will be measured, so that nothing measured is compiled, connected or planned for the first time.</summary>
    public async Task WarmUpAsync(Conductor conductor, CancellationToken cancellationToken)
    {
        var ledger = new Ledger(Math.Max(WarmUp, 1));
        if (!workload.OneByOne)
        {
            await EnqueueAsync(conductor, 0, WarmUp, null, cancellationToken, Math.Min(Chunk, 2000));
            await using var draining = NewOrchestrator(conductor, ledger);
            await draining.DrainAsync(cancellationToken);
            return;
        }

        await using var orchestrator = NewOrchestrator(conductor, ledger);
        await orchestrator.StartAsync(cancellationToken);
        await EnqueueOneWorkload.InvokeAsync(this, conductor, static (_, _) => { }, cancellationToken, count: WarmUp);
        await ledger.All.WaitAsync(cancellationToken);
        await orchestrator.StopAsync(cancellationToken);
    }

    /// <summary>Runs what waits, without measuring it, and checks that it was all there, once.</summary>
    public async Task<bool> VerifyByDrainingAsync(Conductor conductor, int count, CancellationToken cancellationToken)
    {
        var ledger = new Ledger(count);
        await using (var orchestrator = NewOrchestrator(conductor, ledger))
        {
            await orchestrator.DrainAsync(cancellationToken);
        }

        return await VerifyAsync(conductor, ledger, cancellationToken);
    }

    /// <summary>Whether each ran exactly once and the database holds nothing any more but history.</summary>
    public async Task<bool> VerifyAsync(Conductor conductor, Ledger ledger, CancellationToken cancellationToken, int? count = null)
    {
        var (missing, repeated) = ledger.Check(count);
        var left = (await conductor.CountAsync(cancellationToken: cancellationToken)).Where(count => count.State != ExecutionState.Completed).ToList();
        if (missing + repeated + left.Count == 0)
        {
            return true;
        }

        await Console.Error.WriteLineAsync($"bench: {workload.Name}: {missing} executions never ran, {repeated} ran more than once; left in the database: {string.Join(", ", left.Select(count => $"{count.Count} {count.State}"))}");
        return false;
    }
}
