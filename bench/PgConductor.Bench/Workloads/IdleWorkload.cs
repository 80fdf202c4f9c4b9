using System.Diagnostics;
using PgConductor.Bench.Measures;
using PgConductor.Bench.Server;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace PgConductor.Bench.Workloads;

/// <summary>What a process with nothing to do costs, with one queue and with fifty: statements a second, and processor time of client and server.</summary>
internal sealed class IdleWorkload : Workload
{
    /// <summary>So that polling has slowed down to its rest, in seconds.</summary>
    private const int Settling = 15;

    public override string Name => "idle";

    /// <summary>Seconds.</summary>
    public override int DefaultCount => 60;

    public override int DefaultWarmUp => 1000;

    public override int DefaultRepeat => 1;

    public override async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var results = new List<BenchResult>();
        await using var conductor = await run.NewConductorAsync(cancellationToken);
        await run.WarmUpAsync(conductor, cancellationToken);
        foreach (var queues in (int[])[1, 50])
        {
            var sample = await MeasureAsync(run, conductor, queues, cancellationToken);
            var settings = new Dictionary<string, object>(run.Settings, StringComparer.Ordinal) { ["queues"] = queues };
            results.Add(BenchResult.Of($"{Name} {queues} {(queues == 1 ? "queue" : "queues")}", run.Count, [sample], settings));
        }

        return results;
    }

    protected override Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken) =>
        MeasureAsync(run, conductor, 1, cancellationToken);

    private static async Task<Sample> MeasureAsync(BenchRun run, Conductor conductor, int queues, CancellationToken cancellationToken)
    {
        var ran = 0;
        var tasks = new TaskCollection();
        for (var i = 0; i < queues; i++)
        {
            var task = TaskDefinition.Create<Work>($"idle-{i}", new TaskOptions { Queue = i == 0 ? "default" : $"idle-{i}", KeepCompleted = Retention.None });
            tasks.Add(task, (_, _) =>
            {
                Interlocked.Increment(ref ran);
                return System.Threading.Tasks.Task.CompletedTask;
            });
        }

        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions { Worker = run.WorkerOptions });
        await orchestrator.StartAsync(cancellationToken);
        await System.Threading.Tasks.Task.Delay(TimeSpan.FromSeconds(Math.Min(Settling, run.Count)), cancellationToken);

        var server = await ServerProcessor.FindAsync(run.Database.DataSource, cancellationToken);
        using var statements = new StatementCounter();
        var serverUsed = ServerProcessor.Used(server);
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        await System.Threading.Tasks.Task.Delay(TimeSpan.FromSeconds(run.Count), cancellationToken);
        var seconds = clock.Elapsed.TotalSeconds;
        var client = Process.GetCurrentProcess().TotalProcessorTime - processor;
        serverUsed = ServerProcessor.Used(server) - serverUsed;

        var perSecond = statements.Count / seconds;
        await orchestrator.StopAsync(cancellationToken);
        return new Sample
        {
            PerSecond = perSecond,
            Verified = ran == 0,
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["statementsPerSecond"] = Math.Round(perSecond, 2),
                ["clientPercentOfACore"] = Math.Round(client.TotalSeconds / seconds * 100, 3),
                ["serverPercentOfACore"] = serverUsed is { } used ? Math.Round(used.TotalSeconds / seconds * 100, 3) : null,
            },
        };
    }
}
