namespace PgConductor.Bench.Workloads.Growth;

/// <summary>One point of an axis: everything is small and simple but the one thing that has grown.</summary>
internal sealed record GrowthPoint
{
    /// <summary>Small backlogs are emptied several times in a round, so that it is long enough to be timed.</summary>
    private const int LeastInARound = 20_000;
    private const int MostPasses = 20;

    /// <summary>Bytes of payload in a round, so that a megabyte each does not take minutes.</summary>
    private const int BytesInARound = 200_000_000;
    private const int LeastLarge = 200;

    public required string Axis { get; init; }

    public required int Value { get; init; }

    /// <summary>What waits when a pass begins.</summary>
    public required int Backlog { get; init; }

    /// <summary>How many of it are run in a pass.</summary>
    public required int Measured { get; init; }

    public int Passes { get; private init; } = 1;

    public int Queues { get; private init; } = 1;

    public int Tasks { get; private init; } = 1;

    public int Processes { get; private init; } = 1;

    public required int PayloadBytes { get; init; }

    /// <summary>Rows in the history; null: none is kept.</summary>
    public int? History { get; private init; }

    public static GrowthPoint Of(string axis, int value, int count, int payloadBytes)
    {
        var point = new GrowthPoint { Axis = axis, Value = value, Backlog = count, Measured = count, PayloadBytes = payloadBytes };
        return axis switch
        {
            GrowthAxis.Backlog => point with { Backlog = value, Measured = Math.Min(value, count), Passes = Math.Clamp(Math.Min(LeastInARound, count) / value, 1, MostPasses) },
            GrowthAxis.Queues => point with { Queues = value },
            GrowthAxis.Tasks => point with { Tasks = value },
            GrowthAxis.Processes => point with { Processes = value },
            GrowthAxis.Payload => point.WithPayload(value, count),
            GrowthAxis.History => point with { History = value },
            _ => throw new BenchException($"there is no axis \"{axis}\"."),
        };
    }

    /// <summary>The queue of an execution; every process serves them all.</summary>
    public static string QueueOf(int number, int queues) => queues == 1 ? "default" : $"growth-{number % queues}";

    /// <summary>The tasks of a process; every queue takes each of them.</summary>
    public static IReadOnlyList<TaskDefinition<Work, NoResult>> Define(int tasks, bool keep) =>
    [
        .. Enumerable.Range(0, tasks).Select(i => TaskDefinition.Create<Work>($"growth-{i}", new TaskOptions
        {
            KeepCompleted = keep ? Retention.For(TimeSpan.FromDays(1)) : Retention.None,
        })),
    ];

    private GrowthPoint WithPayload(int bytes, int count)
    {
        var fewer = Math.Min(count, Math.Max(BytesInARound / bytes, LeastLarge));
        return this with { PayloadBytes = bytes, Backlog = fewer, Measured = fewer };
    }
}
