using System.Diagnostics;
using PgConductor.Bench.Measures;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace PgConductor.Bench.Workloads;

/// <summary>How fast one process empties a queue while it serves 49 idle ones beside it; the limit is the same with that queue alone.</summary>
internal sealed class QueuesWorkload : Workload
{
    private const int Idle = 49;

    public override string Name => "queues";

    public override int DefaultCount => 200_000;

    public override int DefaultRepeat => 5;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var (before, beforeVerified) = await DrainAsync(run, conductor, 0, cancellationToken);
        var (perSecond, verified) = await DrainAsync(run, conductor, Idle, cancellationToken);
        var (after, afterVerified) = await DrainAsync(run, conductor, 0, cancellationToken);
        var limit = (before + after) / 2;
        return new Sample { PerSecond = perSecond, Limit = limit, Ratio = perSecond / limit, Verified = beforeVerified && verified && afterVerified };
    }

    /// <summary>From the moment the work is committed until the last has run, everything started and idle before.</summary>
    private static async Task<(double PerSecond, bool Verified)> DrainAsync(BenchRun run, Conductor conductor, int idle, CancellationToken cancellationToken)
    {
        var ledger = new Ledger(run.Count);
        var tasks = new TaskCollection().Add(run.Task, (work, _) =>
        {
            ledger.Ran(work.N);
            return System.Threading.Tasks.Task.CompletedTask;
        });
        for (var i = 0; i < idle; i++)
        {
            tasks.Add(TaskDefinition.Create<Work>($"idle-{i}", new TaskOptions { Queue = $"idle-{i}", KeepCompleted = Retention.None }), static (_, _) => System.Threading.Tasks.Task.CompletedTask);
        }

        await conductor.PauseQueueAsync("default", cancellationToken);
        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions { Worker = run.WorkerOptions });
        await orchestrator.StartAsync(cancellationToken);
        await run.EnqueueAsync(conductor, 0, run.Count, null, cancellationToken);
        await run.Database.SettleAsync(cancellationToken);
        var clock = Stopwatch.StartNew();
        await conductor.ResumeQueueAsync("default", cancellationToken);
        await ledger.All.WaitAsync(cancellationToken);
        var seconds = clock.Elapsed.TotalSeconds;
        await orchestrator.StopAsync(cancellationToken);
        return (run.Count / seconds, await run.VerifyAsync(conductor, ledger, cancellationToken));
    }
}
