using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using PgConductor.Bench.Measures;
using PgConductor.Client;

namespace PgConductor.Bench.Workloads;

/// <summary>Claims and flushes of ready executions in a queue where a million others are held back, by limits, pauses and windows. The limit is the same in a queue beside it where nothing waits.</summary>
/// <remarks>
/// Three queues of one database, in turns, so that all see the same minutes: two serve one ordinary task and 99 that can be held back, one of
/// them with the backlog; the third serves 100 ordinary tasks. Uses the public SQL functions, as a worker in another language would, because claims and flushes are what is timed.
/// </remarks>
internal sealed class HeldBackWorkload : Workload
{
    private const int Queues = 200;
    private const int Tasks = 100;
    private const int Ready = 100;
    private const int Claims = 300;

    /// <summary>Below the size from which calls are copied around the functions.</summary>
    private const int Chunk = 400;

    public override string Name => "held-back";

    public override int DefaultCount => 1_000_000;

    public override int DefaultWarmUp => 0;

    public override int DefaultRepeat => 1;

    protected override async Task<Sample> RunOnceAsync(BenchRun run, Conductor conductor, CancellationToken cancellationToken)
    {
        await using var connection = await run.Database.DataSource.OpenConnectionAsync(cancellationToken);
        for (var queue = 0; queue < Queues; queue++)
        {
            await conductor.CreateQueueAsync($"queue-{queue}", cancellationToken: cancellationToken);
        }

        var held = Enumerable.Range(1, Tasks - 1).ToList();
        var plain = new Side(await RegisterAsync(connection, "queue-0", [.. Enumerable.Range(0, Tasks).Select(n => Ordinary($"plain-{n}"))], cancellationToken), "queue-0", "plain-0");
        var empty = new Side(await RegisterAsync(connection, "queue-1", [.. held.Select(n => Held("idle", n)).Prepend(Ordinary("empty"))], cancellationToken), "queue-1", "empty");
        var full = new Side(await RegisterAsync(connection, "queue-2", [.. held.Select(n => Held("held", n)).Prepend(Ordinary("full"))], cancellationToken), "queue-2", "full");
        await PrepareAsync(run, conductor, connection, full, held, cancellationToken);

        // The first looks compile plans and read the catalog.
        var (claims, ran) = (Math.Clamp(run.Count / 100, 10, Claims), 0);
        for (var i = -10; i < claims; i++)
        {
            foreach (var side in i % 2 == 0 ? new[] { plain, empty, full } : [full, empty, plain])
            {
                await conductor.InvokeManyAsync(TaskDefinition.Create<Work>(side.Task), Enumerable.Range(0, Ready).Select(n => Work.Of(n, run.Options.PayloadBytes)), new InvokeOptions { Queue = side.Queue }, cancellationToken: cancellationToken);
                ran += await side.TakeAsync(connection, measured: i >= 0, cancellationToken);
            }
        }

        var left = (await conductor.CountAsync(full.Queue, cancellationToken: cancellationToken)).Sum(count => count.Count);
        var limit = Statistics.Percentile(empty.Both, 0.5);
        return new Sample
        {
            LatenciesMs = full.Both,
            Limit = limit,
            Ratio = Statistics.Percentile(full.Both, 0.5) / limit,
            Verified = ran == (claims + 10) * 3 * Ready && left == run.Count + (Tasks / 3),
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["readyPerClaim"] = Ready,
                ["claims"] = claims,
                ["queues"] = Queues,
                ["tasks"] = Tasks,
                ["heldBack"] = left,
                ["claimMs"] = Statistics.Percentile(full.ClaimMs, 0.5),
                ["claimRatio"] = Statistics.Percentile(full.ClaimMs, 0.5) / Statistics.Percentile(empty.ClaimMs, 0.5),
                ["flushMs"] = Statistics.Percentile(full.FlushMs, 0.5),
                ["flushRatio"] = Statistics.Percentile(full.FlushMs, 0.5) / Statistics.Percentile(empty.FlushMs, 0.5),
                ["ratioToOrdinaryTasks"] = Statistics.Percentile(full.Both, 0.5) / Statistics.Percentile(plain.Both, 0.5),
            },
        };
    }

    private static string Ordinary(string key) => $$"""{"key": "{{key}}", "keep_completed_seconds": 0}""";

    /// <summary>A third each: one of a key at a time, paused (see PrepareAsync), and a window that is never open.</summary>
    private static string Held(string name, int n) => (n % 3) switch
    {
        0 => $$"""{"key": "{{name}}-{{n}}", "limits": {"key": "fill", "concurrency_per_key": 1} }""",
        1 => $$"""{"key": "{{name}}-{{n}}", "window_start": "{{Never(0)}}", "window_end": "{{Never(1)}}"}""",
        _ => $$"""{"key": "{{name}}-{{n}}"}""",
    };

    private static string Never(int minutes) => $"{DateTimeOffset.UtcNow.AddHours(12).AddMinutes(minutes):HH:mm}";

    /// <summary>One of each limited task runs and does not end; behind it, and behind pauses and windows, the backlog.</summary>
    private static async Task PrepareAsync(BenchRun run, Conductor conductor, NpgsqlConnection connection, Side side, List<int> held, CancellationToken cancellationToken)
    {
        await using (var pause = new NpgsqlCommand("update pgconductor.tasks set paused = true where key = any ($1)", connection))
        {
            pause.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. held.Where(n => n % 3 == 2).SelectMany(n => new[] { $"held-{n}", $"idle-{n}" })] });
            await pause.ExecuteNonQueryAsync(cancellationToken);
        }

        foreach (var n in held.Where(n => n % 3 == 0))
        {
            // Two: the second makes the key one that is held back, so that the others join it there.
            await EnqueueAsync(run, conductor, side, n, 2, cancellationToken);
        }

        while (await side.ClaimAsync(connection, cancellationToken) > 0)
        {
            // Until every key is taken.
        }

        var done = Tasks / 3;
        for (var turn = 0; done < run.Count; turn++)
        {
            var size = Math.Min(Chunk, run.Count - done);
            await EnqueueAsync(run, conductor, side, held[turn % held.Count], size, cancellationToken);
            done += size;
        }

        await run.Database.SettleAsync(cancellationToken);
    }

    private static Task<IReadOnlyList<Guid>> EnqueueAsync(BenchRun run, Conductor conductor, Side side, int n, int count, CancellationToken cancellationToken) =>
        conductor.InvokeManyAsync(TaskDefinition.Create<Work>($"held-{n}"), Enumerable.Range(0, count).Select(number => Work.Of(number, run.Options.PayloadBytes)), new InvokeOptions { Queue = side.Queue }, cancellationToken: cancellationToken);

    private static async Task<Guid> RegisterAsync(NpgsqlConnection connection, string queue, IReadOnlyList<string> tasks, CancellationToken cancellationToken)
    {
        var orchestrator = Guid.CreateVersion7();
        await using var register = new NpgsqlCommand("select pgconductor.register_orchestrator($1, 'bench', '1', 1)", connection);
        register.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = orchestrator });
        await register.ExecuteNonQueryAsync(cancellationToken);
        await using var worker = new NpgsqlCommand("select pgconductor.register_worker($1, $2, $3)", connection);
        worker.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = orchestrator });
        worker.Parameters.Add(new NpgsqlParameter<string> { TypedValue = queue });
        worker.Parameters.Add(new NpgsqlParameter { Value = $"[{string.Join(", ", tasks)}]", NpgsqlDbType = NpgsqlDbType.Jsonb });
        await worker.ExecuteNonQueryAsync(cancellationToken);
        return orchestrator;
    }

    /// <summary>One of the queues: claims and flushes, timed.</summary>
    private sealed class Side(Guid orchestrator, string queue, string task)
    {
        private readonly List<double> _claimMs = [];
        private readonly List<double> _flushMs = [];
        private long _lease;

        public string Queue => queue;

        public string Task => task;

        public IReadOnlyCollection<double> ClaimMs => _claimMs;

        public IReadOnlyCollection<double> FlushMs => _flushMs;

        public IReadOnlyCollection<double> Both => [.. _claimMs.Zip(_flushMs, (claim, flush) => claim + flush)];

        /// <summary>Claims what is ready and records that it has completed. Returns how many.</summary>
        public async Task<int> TakeAsync(NpgsqlConnection connection, bool measured, CancellationToken cancellationToken)
        {
            var start = Stopwatch.GetTimestamp();
            var count = await ClaimAsync(connection, cancellationToken);
            var claimed = Stopwatch.GetTimestamp();
            await using var flush = new NpgsqlCommand("select effect from pgconductor.return_executions($1, $2)", connection);
            flush.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = orchestrator });
            flush.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [_lease] });
            await flush.ExecuteNonQueryAsync(cancellationToken);
            if (measured)
            {
                _claimMs.Add(Stopwatch.GetElapsedTime(start, claimed).TotalMilliseconds);
                _flushMs.Add(Stopwatch.GetElapsedTime(claimed).TotalMilliseconds);
            }

            return count;
        }

        public async Task<int> ClaimAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
        {
            await using var claim = new NpgsqlCommand("select lease_id, id from pgconductor.claim_executions($1, $2, 500)", connection);
            claim.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = orchestrator });
            claim.Parameters.Add(new NpgsqlParameter<string> { TypedValue = queue });
            await claim.PrepareAsync(cancellationToken);
            await using var reader = await claim.ExecuteReaderAsync(cancellationToken);
            var count = 0;
            while (await reader.ReadAsync(cancellationToken))
            {
                if (!reader.IsDBNull(0))
                {
                    _lease = reader.GetInt64(0);
                    count++;
                }
            }

            return count;
        }
    }
}
