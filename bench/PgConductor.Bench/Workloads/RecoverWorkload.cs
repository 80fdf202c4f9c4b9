using System.Diagnostics;
using System.Globalization;
using PgConductor.Bench.Measures;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace PgConductor.Bench.Workloads;

/// <summary>A process with a full lease is killed with SIGKILL: how long until another has run all of it. The limit is the takeover time, in milliseconds.</summary>
internal sealed class RecoverWorkload : Workload
{
    public override string Name => "recover";

    public override int DefaultCount => 500;

    public override int DefaultWarmUp => 0;

    public override int DefaultRepeat => 1;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        var takeover = TimeSpan.FromSeconds(run.Options.TakeoverSeconds);
        await run.EnqueueAsync(conductor, 0, run.Count, null, cancellationToken);
        using var child = await RecoverChild.StartAsync(run, cancellationToken);
        var ledger = new Ledger(run.Count);
        var attempts = new int[run.Count];
        try
        {
            await using var orchestrator = new Orchestrator(
                conductor,
                new TaskCollection().Add(run.Task, (work, context) =>
                {
                    attempts[work.N] = context.Attempt;
                    ledger.Ran(work.N);
                    return Task.CompletedTask;
                }),
                new OrchestratorOptions { Worker = run.WorkerOptions, Takeover = takeover, Heartbeat = RecoverChild.HeartbeatOf(takeover) });
            await orchestrator.StartAsync(cancellationToken);
            child.Kill();
            var clock = Stopwatch.StartNew();
            await child.WaitForExitAsync(cancellationToken);
            await ledger.All.WaitAsync(takeover * 3, cancellationToken);
            var took = clock.Elapsed;
            await orchestrator.StopAsync(cancellationToken);
            var secondAttempts = attempts.Count(attempt => attempt == 2);
            return new Sample
            {
                LatenciesMs = [took.TotalMilliseconds],
                Limit = takeover.TotalMilliseconds,
                Ratio = took / takeover,
                Verified = secondAttempts == run.Count && took <= takeover + TimeSpan.FromSeconds(1) && await run.VerifyAsync(conductor, ledger, cancellationToken),
                Details = new Dictionary<string, object?>(StringComparer.Ordinal)
                {
                    ["takeoverSeconds"] = takeover.TotalSeconds,
                    ["inSecondAttempt"] = secondAttempts,
                },
            };
        }
        finally
        {
            if (!child.HasExited)
            {
                child.Kill();
            }
        }
    }
}

/// <summary>The process that is killed: this program, told to claim everything and never finish.</summary>
internal static class RecoverChild
{
    public const string Verb = "recover-child";

    private const string Holding = "holding";
    private const string ConnectionVariable = "PGCONDUCTOR_BENCH_CHILD_CONNECTION";
    private const string CountVariable = "PGCONDUCTOR_BENCH_CHILD_COUNT";
    private const string TakeoverVariable = "PGCONDUCTOR_BENCH_CHILD_TAKEOVER";

    public static TimeSpan HeartbeatOf(TimeSpan takeover) => takeover / 6;

    /// <summary>Returns when the child holds all of it in one lease.</summary>
    public static async Task<Process> StartAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var start = ChildProgram.Start(Verb);
        start.Environment[ConnectionVariable] = run.Database.ConnectionString;
        start.Environment[CountVariable] = run.Count.ToString(CultureInfo.InvariantCulture);
        start.Environment[TakeoverVariable] = run.Options.TakeoverSeconds.ToString(CultureInfo.InvariantCulture);
        var child = Process.Start(start)!;
        try
        {
            var line = await child.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
            return line == Holding ? child : throw new BenchException($"the process to be killed said \"{line}\" instead of \"{Holding}\".");
        }
        catch
        {
            child.Kill();
            child.Dispose();
            throw;
        }
    }

    public static async Task<int> RunAsync(CancellationToken stop)
    {
        var connection = Environment.GetEnvironmentVariable(ConnectionVariable) ?? throw new BenchException($"{Verb} is started by the workload recover only.");
        var count = int.Parse(Environment.GetEnvironmentVariable(CountVariable)!, CultureInfo.InvariantCulture);
        var takeover = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable(TakeoverVariable)!, CultureInfo.InvariantCulture));
        await using var conductor = new Conductor(new ConductorOptions { ConnectionString = connection });
        var running = 0;
        var tasks = new TaskCollection().Add(TaskDefinition.Create<Work>("bench", new TaskOptions { KeepCompleted = Retention.None }), async (_, _) =>
        {
            if (Interlocked.Increment(ref running) == count)
            {
                await Console.Out.WriteLineAsync(Holding);
            }

            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        });
        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions
        {
            // As many slots as executions, so that the first claim takes them all.
            Worker = new WorkerOptions { Concurrency = Math.Min(count, 10_000), MaxClaim = Math.Min(count, 10_000) },
            Takeover = takeover,
            Heartbeat = HeartbeatOf(takeover),
        });
        await orchestrator.StartAsync(stop);
        await Task.Delay(Timeout.Infinite, stop);
        return 0;
    }
}
