using System.Globalization;
using PgConductor.Bench.Workloads;
using PgConductor.Bench.Workloads.Growth;

namespace PgConductor.Bench;

/// <summary>What the command line asks for. Null: the workload's own default.</summary>
internal sealed record BenchOptions
{
    public const string HelpText =
        """
        bench/run WORKLOAD... [options]

        Workloads (docs/operations/benchmarks.md says what each measures):
          limit drain enqueue-one enqueue-many latency steady million sleeping recover held-horizon
          wal idle queues held-back workflow events growth; all: the first six
          plot FILE.jsonl --out FOLDER: draws what growth --json printed

          --json              one JSON object a line instead of a table
          --connection TEXT   the server; else DATABASE_URL, else a temporary local server with durable commits
          --allow-remote      measure a server that is not on this machine: its network is then part of every figure
          --count N           executions of a run (samples, for latency; seconds, for idle)
          --warm-up N         executions before the measured ones
          --repeat N          runs of each workload; medians are reported
          --payload BYTES     size of a payload (default 100)
          --clients N         clients that enqueue at once (default 8)
          --concurrency N     WorkerOptions.Concurrency
          --max-claim N       WorkerOptions.MaxClaim
          --at-least RATIO    exit code 3 if a ratio is below it, for a guard in CI
          --keep              keep completed executions for a day, as a task does by default
          --takeover SECONDS  recover: OrchestratorOptions.Takeover (default 30)
          --seconds N         held-horizon: how long the transaction is left open (default 120)
          --rate N            held-horizon: executions a second in its steady half (default 500)
          --holder WHICH      held-horizon: reader (REPEATABLE READ, has read), writer (has written) or dump (a stalled pg_dump)
                              (default reader)
          --axis NAME,NAME    growth: backlog, queues, tasks, processes, payload, history (default all)
          --max N             growth: the largest point of an axis (default 10,000,000 rows, 1,000 queues or tasks,
                              8 processes, 1 MB)
        """;

    public IReadOnlyList<Workload> Workloads { get; private init; } = [];

    public bool Help { get; private init; }

    public bool Json { get; private init; }

    public string? Connection { get; private init; }

    public bool AllowRemote { get; private init; }

    public int? Count { get; private init; }

    public int? WarmUp { get; private init; }

    public int? Repeat { get; private init; }

    public int PayloadBytes { get; private init; } = 100;

    public int Clients { get; private init; } = 8;

    public int? Concurrency { get; private init; }

    public int? MaxClaim { get; private init; }

    public double? AtLeast { get; private init; }

    public bool Keep { get; private init; }

    public double TakeoverSeconds { get; private init; } = 30;

    public double Seconds { get; private init; } = 120;

    public int Rate { get; private init; } = 500;

    public string Holder { get; private init; } = HorizonHolder.Reader;

    public IReadOnlyList<GrowthAxis> Axes { get; private init; } = GrowthAxis.All;

    public int? Max { get; private init; }

    /// <exception cref="BenchException">Names the argument that cannot be used, and what can.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> args)
    {
        var options = new BenchOptions();
        var workloads = new List<Workload>();
        for (var i = 0; i < args.Count; i++)
        {
            var name = args[i];
            options = name switch
            {
                "--help" or "-h" => options with { Help = true },
                "--json" => options with { Json = true },
                "--keep" => options with { Keep = true },
                "--allow-remote" => options with { AllowRemote = true },
                "--connection" => options with { Connection = Value(args, ref i) },
                "--count" => options with { Count = Number(args, ref i, 1, 100_000_000) },
                "--warm-up" => options with { WarmUp = Number(args, ref i, 0, 10_000_000) },
                "--repeat" => options with { Repeat = Number(args, ref i, 1, 1000) },
                "--payload" => options with { PayloadBytes = Number(args, ref i, Work.SmallestBytes, 10_000_000) },
                "--clients" => options with { Clients = Number(args, ref i, 1, 100) },
                "--concurrency" => options with { Concurrency = Number(args, ref i, 1, 10_000) },
                "--max-claim" => options with { MaxClaim = Number(args, ref i, 1, 10_000) },
                "--at-least" => options with { AtLeast = Ratio(args, ref i) },
                "--takeover" => options with { TakeoverSeconds = Number(args, ref i, 1, 3600) },
                "--seconds" => options with { Seconds = Number(args, ref i, 2, 86_400) },
                "--rate" => options with { Rate = Number(args, ref i, 1, 100_000) },
                "--holder" => options with { Holder = HorizonHolder.All.Contains(Value(args, ref i)) ? args[i] : throw new BenchException($"--holder \"{args[i]}\" must be one of {string.Join(", ", HorizonHolder.All)}.") },
                "--axis" => options with { Axes = [.. Value(args, ref i).Split(',').Select(GrowthAxis.Find)] },
                "--max" => options with { Max = Number(args, ref i, 1, 100_000_000) },
                _ when name.StartsWith('-') => throw new BenchException($"there is no option \"{name}\".\n{HelpText}"),
                _ => options,
            };
            if (!name.StartsWith('-'))
            {
                workloads.AddRange(name == "all" ? Workload.Short : [Workload.Find(name)]);
            }
        }

        return workloads.Count > 0 || options.Help
            ? options with { Workloads = workloads }
            : throw new BenchException($"name at least one workload.\n{HelpText}");
    }

    private static string Value(IReadOnlyList<string> args, ref int i) =>
        ++i < args.Count ? args[i] : throw new BenchException($"{args[i - 1]} needs a value after it.");

    private static double Ratio(IReadOnlyList<string> args, ref int i)
    {
        var text = Value(args, ref i);
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var ratio) && ratio > 0
            ? ratio
            : throw new BenchException($"--at-least \"{text}\" must be a number above 0, such as 0.9.");
    }

    private static int Number(IReadOnlyList<string> args, ref int i, int min, int max)
    {
        var name = args[i];
        var text = Value(args, ref i);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new BenchException($"{name} \"{text}\" must be a whole number from {min} to {max}.");
    }
}
