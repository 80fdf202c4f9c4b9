using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace PgConductor.Bench.Workloads.Growth;

/// <summary>A worker process of the workload growth: this program, told on its standard input what to measure.</summary>
/// <remarks>
/// "pass N": the next N executions are the pass; answers "ready". "report": answers a <see cref="GrowthReport"/>. The
/// end of the input: stops gracefully and answers its <see cref="RunMarks"/>. In between it says "ran P N" now and then: N in
/// the P-th pass.
/// </remarks>
internal sealed class GrowthChild : IDisposable
{
    public const string Verb = "growth-child";
    public const string SpecVariable = "PGCONDUCTOR_BENCH_GROWTH";
    public const string Ready = "ready";
    public const string Pass = "pass ";
    public const string Ran = "ran ";
    public const string Report = "report";

    /// <summary>How often memory is looked at and progress told.</summary>
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(5);

    private readonly GrowthSpec _spec;
    private readonly RunMarks _marks;
    private readonly ClaimTimes _claims = new();
    private int _wanted = int.MaxValue;
    private int _passes;
    private int _ran;
    private long _wantedAt;
    private long _lastAt;
    private long _baseline;
    private long _heapPeak;
    private TimeSpan _processor;

    private GrowthChild(GrowthSpec spec)
    {
        _spec = spec;
        _marks = new RunMarks(spec.Total);
    }

    public static async Task<int> RunAsync(CancellationToken stop)
    {
        var text = Environment.GetEnvironmentVariable(SpecVariable) ?? throw new BenchException($"{Verb} is started by the workload growth only.");
        using var child = new GrowthChild(JsonSerializer.Deserialize<GrowthSpec>(text)!);
        await child.ServeAsync(stop);
        return 0;
    }

    public void Dispose() => _claims.Dispose();

    private async Task ServeAsync(CancellationToken stop)
    {
        _baseline = GC.GetTotalMemory(forceFullCollection: true);
        await using var conductor = new Conductor(new ConductorOptions { ConnectionString = _spec.ConnectionString });
        var tasks = new TaskCollection();
        foreach (var task in GrowthPoint.Define(_spec.Tasks, _spec.Keep))
        {
            tasks.Add(task, (work, _) =>
            {
                Count(work.N);
                return Task.CompletedTask;
            });
        }

        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions
        {
            OnlyNamedQueues = true,
            Queues = Enumerable.Range(0, _spec.Queues).ToDictionary(i => GrowthPoint.QueueOf(i, _spec.Queues), _ => new WorkerOptions { Concurrency = _spec.Concurrency, MaxClaim = _spec.MaxClaim }),
        });
        await orchestrator.StartAsync(stop);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var watching = WatchAsync(over.Token);
        await Console.Out.WriteLineAsync(Ready);
        while (await Console.In.ReadLineAsync(stop) is { } line)
        {
            await Console.Out.WriteLineAsync(Answer(line));
        }

        await orchestrator.StopAsync(stop);
        await over.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Console.Out.WriteLineAsync(_marks.ToString());
    }

    private string Answer(string line)
    {
        if (line == Report)
        {
            Look();
            return JsonSerializer.Serialize(new GrowthReport(
                Volatile.Read(ref _ran),
                Volatile.Read(ref _wantedAt) is var at and not 0 ? at : Volatile.Read(ref _lastAt),
                (Process.GetCurrentProcess().TotalProcessorTime - _processor).TotalMicroseconds,
                _heapPeak,
                Environment.WorkingSet,
                _claims.Take()));
        }

        // Nothing runs now: whoever asks has paused the queues. The number of the pass comes last, see WatchAsync.
        Volatile.Write(ref _wanted, int.Parse(line[Pass.Length..], CultureInfo.InvariantCulture));
        Volatile.Write(ref _ran, 0);
        Volatile.Write(ref _wantedAt, 0);
        Volatile.Write(ref _lastAt, 0);
        _heapPeak = 0;
        _claims.Take();
        _processor = Process.GetCurrentProcess().TotalProcessorTime;
        Volatile.Write(ref _passes, _passes + 1);
        return Ready;
    }

    private void Count(int number)
    {
        _marks.Mark(number);
        var now = Stopwatch.GetTimestamp();
        if (Interlocked.Increment(ref _ran) == Volatile.Read(ref _wanted))
        {
            Volatile.Write(ref _wantedAt, now);
        }

        Volatile.Write(ref _lastAt, now);
    }

    private async Task WatchAsync(CancellationToken over)
    {
        using var timer = new PeriodicTimer(_tick);
        var told = (0, 0);
        while (await timer.WaitForNextTickAsync(over))
        {
            Look();

            // In this order: a count of the last pass is never told as one of the next.
            var pass = Volatile.Read(ref _passes);
            var ran = Volatile.Read(ref _ran);
            if ((pass, ran) != told)
            {
                told = (pass, ran);
                await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{Ran}{pass} {ran}"));
            }
        }
    }

    private void Look() => _heapPeak = Math.Max(_heapPeak, GC.GetTotalMemory(forceFullCollection: false) - _baseline);
}
