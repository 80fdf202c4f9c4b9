using System.Diagnostics;
using System.Text.Json;
using PgConductor.Bench.Measures;
using PgConductor.Bench.Server;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads.Growth;

/// <summary>Measures one point: worker processes of their own, idle before paused queues; what grows is laid, the queues are resumed, and the clock runs until as many as wanted have started.</summary>
internal sealed class GrowthMeasurement(BenchRun run, GrowthPoint point, Conductor conductor)
{
    private const int LargestChunk = 10_000;
    private const int ChunkBytes = 16_000_000;

    private static readonly TimeSpan _longestPass = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(2);

    private readonly IReadOnlyList<TaskDefinition<Work, NoResult>> _tasks = GrowthPoint.Define(point.Tasks, point.History is not null);
    private readonly string _fill = Fill(point.PayloadBytes - Work.SmallestBytes);
    private readonly GrowthHistory _history = new(run.Database, run.Options.PayloadBytes);
    private readonly List<GrowthProcess> _processes = [];
    private int _total;
    private int _enqueued;
    private int _waiting;

    /// <summary>A sample a round.</summary>
    public async Task<List<Sample>> RunAsync(CancellationToken cancellationToken)
    {
        var warmUp = Math.Min(run.WarmUp, point.Measured);
        var spec = new GrowthSpec(run.Database.ConnectionString, point.Queues, point.Tasks, point.History is not null, run.WorkerOptions.Concurrency, run.WorkerOptions.MaxClaim,
            warmUp + point.Backlog + (run.Repeat * point.Passes * (3 * point.Measured + LargestChunk)));
        _total = spec.Total;
        try
        {
            for (var i = 0; i < point.Processes; i++)
            {
                _processes.Add(await GrowthProcess.StartAsync(spec, cancellationToken));
            }

            await PauseAsync(cancellationToken);
            if (warmUp > 0)
            {
                await FillUpAsync(warmUp, cancellationToken);
                await PassAsync(warmUp, cancellationToken);
            }

            var samples = new List<Sample>();
            for (var i = 0; i < run.Repeat; i++)
            {
                samples.Add(await RoundAsync(cancellationToken));
            }

            var verified = await VerifyAsync(cancellationToken);
            return [.. samples.Select(sample => sample with { Verified = verified })];
        }
        finally
        {
            _processes.ForEach(process => process.Dispose());
        }
    }

    private async Task<Sample> RoundAsync(CancellationToken cancellationToken)
    {
        await FinishAsync(cancellationToken);
        if (point.History is { } rows)
        {
            await _history.EnsureAsync(rows, cancellationToken);
        }

        await FillUpAsync(point.Backlog, cancellationToken);

        // As autovacuum would leave it, sooner or later; not in the middle of what is measured.
        await run.Database.ExecuteAsync("vacuum (analyze) pgconductor.executions", cancellationToken);
        await run.Database.ExecuteAsync("vacuum (analyze) pgconductor.completed_executions", cancellationToken);
        await run.Database.ExecuteAsync("vacuum (analyze) pgconductor.payloads", cancellationToken);
        await run.Database.SettleAsync(cancellationToken);
        var passes = new List<GrowthPass>();
        for (var i = 0; i < point.Passes; i++)
        {
            await FillUpAsync(point.Backlog, cancellationToken);
            passes.Add(await PassAsync(point.Measured, cancellationToken));
        }

        double ran = passes.Sum(pass => pass.Ran);
        var claims = passes.SelectMany(pass => pass.ClaimsMs).ToList();
        var server = passes.Sum(pass => pass.ServerMicroseconds);
        return new Sample
        {
            PerSecond = point.Measured * passes.Count / passes.Sum(pass => pass.Seconds),
            LatenciesMs = claims,
            Verified = false,
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["executionsPerClaim"] = ran / Math.Max(claims.Count, 1),
                ["heapPeakMb"] = passes.Max(pass => pass.HeapPeakBytes) / 1e6,
                ["workingSetMb"] = passes.Max(pass => pass.WorkingSetBytes) / 1e6,
                ["clientProcessorMicrosecondsEach"] = passes.Sum(pass => pass.ClientMicroseconds) / ran,
                ["serverProcessorMicrosecondsEach"] = server / ran,
            },
        };
    }

    /// <summary>From resuming the queues to the start of the last execution wanted.</summary>
    private async Task<GrowthPass> PassAsync(int wanted, CancellationToken cancellationToken)
    {
        await Task.WhenAll(_processes.Select(process => process.BeginAsync(wanted, cancellationToken)));
        var server = await ServerProcessor.FindAsync(run.Database.DataSource, cancellationToken);
        var used = ServerProcessor.Used(server);
        var start = Stopwatch.GetTimestamp();
        await run.Database.ExecuteAsync("select pgconductor.resume_queue(q.name) from pgconductor.queues q where q.paused", cancellationToken);
        while (_processes.Sum(process => process.Ran) < wanted)
        {
            if (Stopwatch.GetElapsedTime(start) > _longestPass)
            {
                throw new BenchException($"growth {point.Axis} {point.Value}: after {_longestPass.TotalSeconds} s only {_processes.Sum(process => process.Ran)} of {wanted} executions have run.");
            }

            await Task.Delay(_look, cancellationToken);
        }

        await PauseAsync(cancellationToken);
        used = ServerProcessor.Used(server) - used;
        var reports = new List<GrowthReport>();
        foreach (var process in _processes)
        {
            reports.Add(await process.ReportAsync(cancellationToken));
        }

        var ran = reports.Sum(report => report.Ran);
        _waiting -= ran;
        return new GrowthPass(
            ran,
            Stopwatch.GetElapsedTime(start, reports.Max(report => report.EndedAt)).TotalSeconds,
            reports.Sum(report => report.ProcessorMicroseconds),
            used?.TotalMicroseconds,
            reports.Max(report => report.HeapPeakBytes),
            reports.Max(report => report.WorkingSetBytes),
            [.. reports.SelectMany(report => report.ClaimsMs)]);
    }

    /// <summary>Until what was claimed before the queues were paused has its outcome.</summary>
    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        await using var command = run.Database.DataSource.CreateCommand("select exists (select from pgconductor.leases)");
        for (var start = Stopwatch.GetTimestamp(); (bool)(await command.ExecuteScalarAsync(cancellationToken))!;)
        {
            if (Stopwatch.GetElapsedTime(start) > _longestPass)
            {
                throw new BenchException($"growth {point.Axis} {point.Value}: executions that were claimed have had no outcome for {_longestPass.TotalSeconds} s.");
            }

            await Task.Delay(_look, cancellationToken);
        }
    }

    private Task PauseAsync(CancellationToken cancellationToken) =>
        run.Database.ExecuteAsync("select pgconductor.pause_queue(q.name) from pgconductor.queues q where not q.paused", cancellationToken);

    /// <summary>Enqueues until so many wait, dealt out to the tasks and the queues.</summary>
    private async Task FillUpAsync(int backlog, CancellationToken cancellationToken)
    {
        var chunk = Math.Clamp(ChunkBytes / point.PayloadBytes, 1, LargestChunk);
        for (int count; _waiting < backlog; _waiting += count, _enqueued += count)
        {
            count = Math.Min(chunk, backlog - _waiting);
            if (_enqueued + count > _total)
            {
                throw new BenchException($"growth {point.Axis} {point.Value}: more executions ran than a round wanted, and the next would be number {_total}; there is no room for it. Is something else keeping this machine busy?");
            }

            var works = Enumerable.Range(_enqueued, count).Select(n => new Work(n, _fill));
            await (_tasks.Count == 1 && point.Queues == 1
                ? conductor.InvokeManyAsync(_tasks[0], works, cancellationToken: cancellationToken)
                : (Task)conductor.InvokeManyAsync([.. works.Select(Item)], cancellationToken: cancellationToken));
        }
    }

    private InvokeItem Item(Work work) =>
        new(_tasks[work.N % _tasks.Count].Key, JsonSerializer.SerializeToElement(work, JsonSerializerOptions.Web), new InvokeOptions { Queue = GrowthPoint.QueueOf(work.N, point.Queues) });

    /// <summary>Stops the processes. Whether each execution ran once or still waits, and is in the history if it ran and one is kept.</summary>
    private async Task<bool> VerifyAsync(CancellationToken cancellationToken)
    {
        var marks = new RunMarks(_total);
        foreach (var process in _processes)
        {
            marks.Add(await process.StopAsync(cancellationToken));
        }

        var counts = (await conductor.CountAsync(cancellationToken: cancellationToken)).Where(count => count.TaskKey != GrowthHistory.TaskKey).ToList();
        var ready = counts.Where(count => count.State == ExecutionState.Ready).Sum(count => count.Count);
        var completed = counts.Where(count => count.State == ExecutionState.Completed).Sum(count => count.Count);
        var others = counts.Sum(count => count.Count) - ready - completed;
        var ran = marks.Ran;
        var forgotten = point.History is null ? 0 : _history.Forgotten;
        if (marks.Repeated == 0 && others == 0 && ran + ready == _enqueued && (point.History is null ? completed == 0 : completed + forgotten == ran))
        {
            return true;
        }

        await Console.Error.WriteLineAsync($"bench: growth {point.Axis} {point.Value}: of {_enqueued} executions {ran} ran, {marks.Repeated} of them more than once; in the database {ready} are ready, {completed} completed (and {forgotten} were removed), {others} neither");
        return false;
    }

    /// <summary>Text that compresses badly: payloads that shrink to nothing would cost nothing to carry.</summary>
    private static string Fill(int length)
    {
#pragma warning disable CA5394 // The same text every time, not a secret.
        var random = new Random(1);
        return string.Create(length, random, static (text, random) => random.GetItems("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", text));
#pragma warning restore CA5394
    }
}

/// <summary>What all processes did in one pass.</summary>
internal sealed record GrowthPass(int Ran, double Seconds, double ClientMicroseconds, double? ServerMicroseconds, long HeapPeakBytes, long WorkingSetBytes, double[] ClaimsMs);
