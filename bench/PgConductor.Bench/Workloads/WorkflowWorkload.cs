using System.Collections.Concurrent;
using System.Diagnostics;
using PgConductor.Bench.Measures;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace PgConductor.Bench.Workloads;

/// <summary>
/// Executions of five steps and a child, enqueued one at a time while a worker runs them: finished a second; and, the worker
/// idle, parent to child to parent. Beside it, as many durable writes at the rate at which the same clients enqueue one at a time.
/// </summary>
internal sealed class WorkflowWorkload : Workload
{
    /// <summary>The invoke, five steps, the suspension that starts the child, the child's outcome, the parent's.</summary>
    private const int Writes = 9;

    private const int Steps = 5;
    private const int Hops = 100;
    private const int UnmeasuredHops = 20;

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(15);

    public override string Name => "workflow";

    public override int DefaultCount => 3000;

    public override int DefaultWarmUp => 500;

    /// <summary>Enough that steps have others to share a write with.</summary>
    public override int? DefaultConcurrency => 100;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        // The rate of single writes by so many clients that all of them are always at it, as the workflows' slots are.
        var before = await EnqueueRateAsync(run, conductor, cancellationToken);
        var (perSecond, verified) = await RunWorkflowsAsync(run, conductor, cancellationToken);
        var after = await EnqueueRateAsync(run, conductor, cancellationToken);
        var hops = await HopsAsync(run, conductor, cancellationToken);
        var limit = (before + after) / 2 / Writes;
        return new Sample
        {
            PerSecond = perSecond,
            LatenciesMs = hops,
            Limit = limit,
            Ratio = perSecond / limit,
            Verified = verified,
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["durableWritesPerWorkflow"] = Writes,
                ["durableWritesPerSecond"] = Math.Round(perSecond * Writes),
                ["enqueueOnePerSecond"] = Math.Round(limit * Writes),
            },
        };
    }

    /// <summary>Single invokes a second, nobody working; they are then run.</summary>
    private static async Task<double> EnqueueRateAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        await run.Database.SettleAsync(cancellationToken);
        var clock = Stopwatch.StartNew();
        await EnqueueOneWorkload.InvokeAsync(run, conductor, static (_, _) => { }, cancellationToken);
        var rate = run.Count / clock.Elapsed.TotalSeconds;
        return await run.VerifyByDrainingAsync(conductor, run.Count, cancellationToken)
            ? rate
            : throw new BenchException("what was enqueued to measure the limit did not run once each.");
    }

    private static async Task<(double PerSecond, bool Verified)> RunWorkflowsAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var ends = new Ledger(run.Count);
        var steps = new Ledger(run.Count * Steps);
        var children = new Ledger(run.Count);
        var (parent, child) = Tasks(run);
        await using var orchestrator = new Orchestrator(
            conductor,
            new TaskCollection()
                .Add(parent, async (work, context) =>
                {
                    for (var i = 0; i < Steps; i++)
                    {
                        await context.StepAsync($"step {i}", () => Task.FromResult(steps.Ran((work.N * Steps) + i)));
                    }

                    await context.InvokeAsync("child", child, work);
                    ends.Ran(work.N);
                })
                .Add(child, (work, _) => Task.FromResult(children.Ran(work.N))),
            new OrchestratorOptions { Worker = run.WorkerOptions });
        await orchestrator.StartAsync(cancellationToken);
        await run.Database.SettleAsync(cancellationToken);
        var clock = Stopwatch.StartNew();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, run.Options.Clients).Select(_ => Task.Run(
            async () =>
            {
                for (var i = Interlocked.Increment(ref next); i < run.Count; i = Interlocked.Increment(ref next))
                {
                    await conductor.InvokeAsync(parent, Work.Of(i, run.Options.PayloadBytes), cancellationToken: cancellationToken);
                }
            },
            cancellationToken)));
        await ends.All.WaitAsync(cancellationToken);

        // Until the last outcome is recorded.
        await orchestrator.StopAsync(cancellationToken);
        var perSecond = run.Count / clock.Elapsed.TotalSeconds;
        return (perSecond, steps.Check() == (0, 0) && children.Check() == (0, 0) && await run.VerifyAsync(conductor, ends, cancellationToken));
    }

    /// <summary>Milliseconds from invoking a child to going on with its result, one at a time, nothing else going on.</summary>
    private static async Task<IReadOnlyCollection<double>> HopsAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var (parent, child) = Tasks(run);
        var started = new ConcurrentDictionary<int, long>();
        var ended = Enumerable.Range(0, Hops + UnmeasuredHops).Select(_ => new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously)).ToArray();
        await using var orchestrator = new Orchestrator(
            conductor,
            new TaskCollection()
                .Add(parent, async (work, context) =>
                {
                    started.TryAdd(work.N, Stopwatch.GetTimestamp());
                    await context.InvokeAsync("child", child, work);
                    ended[work.N].TrySetResult(Stopwatch.GetElapsedTime(started[work.N]).TotalMilliseconds);
                })
                .Add(child, (work, _) => Task.FromResult(work.N)),
            new OrchestratorOptions { Worker = run.WorkerOptions });
        await orchestrator.StartAsync(cancellationToken);
        var hops = new List<double>(Hops);
        for (var i = 0; i < ended.Length; i++)
        {
            await Task.Delay(_pause, cancellationToken);
            await conductor.InvokeAsync(parent, Work.Of(i, run.Options.PayloadBytes), cancellationToken: cancellationToken);
            var took = await ended[i].Task.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
            if (i >= UnmeasuredHops)
            {
                hops.Add(took);
            }
        }

        await orchestrator.StopAsync(cancellationToken);
        return hops;
    }

    private static (TaskDefinition<Work, NoResult> Parent, TaskDefinition<Work, int> Child) Tasks(BenchRun run)
    {
        var options = new TaskOptions { KeepCompleted = run.Options.Keep ? Retention.For(TimeSpan.FromDays(1)) : Retention.None };
        return (TaskDefinition.Create<Work>("workflow", options), TaskDefinition.Create<Work, int>("workflow-child", options));
    }
}
