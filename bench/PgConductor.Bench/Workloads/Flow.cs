using System.Diagnostics;
using PgConductor.Bench.Measures;
using PgConductor.Bench.Server;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace PgConductor.Bench.Workloads;

/// <summary>Executions that come and go, at a rate or as fast as they can, counted in slices of time.</summary>
internal sealed class Flow : IAsyncDisposable
{
    private const int Chunk = 1000;
    private const int Backlog = 10_000;
    private const int Unclocked = -1;

    private readonly BenchRun _run;
    private readonly Conductor _conductor;
    private readonly Orchestrator _orchestrator;
    private readonly int _room;
    private readonly Ledger _ledger;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<double> _latencies = [];
    private readonly List<double> _sliceLatencies = [];
    private long[] _invokedAt = [];
    private int _firstClocked = Unclocked;
    private int _enqueued;
    private int? _server;

    private Flow(BenchRun run, Conductor conductor, int room)
    {
        _run = run;
        _conductor = conductor;
        _room = room;
        _ledger = new Ledger(room);
        _orchestrator = run.NewOrchestrator(conductor, work =>
        {
            Clock(work.N);
            _ledger.Ran(work.N);
            return Task.CompletedTask;
        });
    }

    public int Enqueued => Volatile.Read(ref _enqueued);

    /// <summary>Invoke to start of all that were invoked one by one.</summary>
    public IReadOnlyCollection<double> LatenciesMs => _latencies;

    /// <param name="room">How many executions it has room for; at full speed it ends enqueuing there.</param>
    public static async Task<Flow> StartAsync(BenchRun run, Conductor conductor, int room, CancellationToken cancellationToken)
    {
        var flow = new Flow(run, conductor, room);
        flow._server = await ServerProcessor.FindAsync(run.Database.DataSource, cancellationToken);
        await flow._orchestrator.StartAsync(cancellationToken);
        return flow;
    }

    /// <summary>Keeps a few thousand waiting, so that the worker always has enough.</summary>
    public async Task<IReadOnlyList<FlowSlice>> FullSpeedAsync(string phase, TimeSpan duration, TimeSpan slice, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var producing = ProduceAsync(end.Token);
        var slices = await WatchAsync(phase, duration, slice, producing, cancellationToken);
        await end.CancelAsync();
        await producing;
        await DrainedAsync(cancellationToken);
        return slices;
    }

    /// <summary>Invokes one by one, so many a second, from as many clients as the options say.</summary>
    public async Task<IReadOnlyList<FlowSlice>> SteadyAsync(string phase, TimeSpan duration, TimeSpan slice, int rate, CancellationToken cancellationToken)
    {
        var total = (int)(duration.TotalSeconds * rate);
        var first = _enqueued;
        var next = -1;
        var start = Stopwatch.GetTimestamp();
        _invokedAt = new long[total];
        Volatile.Write(ref _firstClocked, first);
        var producing = Task.WhenAll(Enumerable.Range(0, _run.Options.Clients).Select(_ => Task.Run(
            async () =>
            {
                for (var i = Interlocked.Increment(ref next); i < total; i = Interlocked.Increment(ref next))
                {
                    var early = TimeSpan.FromSeconds((double)i / rate) - Stopwatch.GetElapsedTime(start);
                    if (early > TimeSpan.Zero)
                    {
                        await Task.Delay(early, cancellationToken);
                    }

                    Volatile.Write(ref _invokedAt[i], Stopwatch.GetTimestamp());
                    await _conductor.InvokeAsync(_run.Task, Work.Of(first + i, _run.Options.PayloadBytes), cancellationToken: cancellationToken);
                    Interlocked.Increment(ref _enqueued);
                }
            },
            cancellationToken)));
        var slices = await WatchAsync(phase, duration, slice, producing, cancellationToken);
        await producing;
        await DrainedAsync(cancellationToken);
        Volatile.Write(ref _firstClocked, Unclocked);
        return slices;
    }

    /// <summary>Stops, and says whether each of all that were enqueued ran exactly once.</summary>
    public async Task<bool> FinishAsync(CancellationToken cancellationToken)
    {
        await _orchestrator.StopAsync(cancellationToken);
        return await _run.VerifyAsync(_conductor, _ledger, cancellationToken, _enqueued);
    }

    public async ValueTask DisposeAsync() => await _orchestrator.DisposeAsync();

    private async Task ProduceAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested && _enqueued + Chunk <= _room)
        {
            if (_enqueued - _ledger.Seen >= Backlog)
            {
                await Task.Delay(1, CancellationToken.None);
                continue;
            }

            // Not cancelled half-way: what was enqueued must be known.
            await _run.EnqueueAsync(_conductor, _enqueued, Chunk, null, CancellationToken.None, Chunk);
            Volatile.Write(ref _enqueued, _enqueued + Chunk);
        }
    }

    private async Task<IReadOnlyList<FlowSlice>> WatchAsync(string phase, TimeSpan duration, TimeSpan slice, Task producing, CancellationToken cancellationToken)
    {
        var slices = new List<FlowSlice>();
        // A last slice too short to say anything is none.
        for (var end = _clock.Elapsed + duration; end - _clock.Elapsed > slice / 10;)
        {
            var (from, before, used) = (_clock.Elapsed, _ledger.Seen, Used());
            var pause = Task.Delay(slice < end - from ? slice : end - from, cancellationToken);
            if (await Task.WhenAny(pause, producing) == producing && producing.IsFaulted)
            {
                await producing;
            }

            await pause;
            var ran = _ledger.Seen - before;
            var perSecond = ran / (_clock.Elapsed - from).TotalSeconds;
            double? each = Used() - used is { } time && ran > 0 ? Math.Round(time.TotalMicroseconds / ran, 2) : null;
            slices.Add(new FlowSlice(phase, Math.Round(_clock.Elapsed.TotalSeconds, 1), Math.Round(perSecond), TakeSliceP99(), await DeadRowsAsync(cancellationToken), each));
        }

        return slices;
    }

    private TimeSpan? Used() => ServerProcessor.Used(_server) + Environment.CpuUsage.TotalTime;

    private async Task DrainedAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(5));
        while (_ledger.Seen < _enqueued)
        {
            await Task.Delay(5, limit.Token);
        }
    }

    private void Clock(int number)
    {
        var first = Volatile.Read(ref _firstClocked);
        if (first == Unclocked || number < first)
        {
            return;
        }

        var latency = Stopwatch.GetElapsedTime(Volatile.Read(ref _invokedAt[number - first])).TotalMilliseconds;
        lock (_latencies)
        {
            _latencies.Add(latency);
            _sliceLatencies.Add(latency);
        }
    }

    private double? TakeSliceP99()
    {
        lock (_latencies)
        {
            var p99 = Statistics.Percentile(_sliceLatencies, 0.99);
            _sliceLatencies.Clear();
            return p99 is { } value ? Math.Round(value, 3) : null;
        }
    }

    private async Task<long> DeadRowsAsync(CancellationToken cancellationToken)
    {
        await using var command = _run.Database.DataSource.CreateCommand("select coalesce(sum(n_dead_tup), 0)::bigint from pg_stat_user_tables where schemaname = 'pgconductor'");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
