namespace PgConductor.Bench.Workloads.Growth;

/// <summary>Something that grows in a running system, and how far it is taken.</summary>
/// <param name="Name">What the command line and the JSON call it.</param>
/// <param name="Smallest">The least that makes sense.</param>
/// <param name="Values">Its points, ascending.</param>
internal sealed record GrowthAxis(string Name, int Smallest, IReadOnlyList<int> Values)
{
    public const string Backlog = "backlog";
    public const string Queues = "queues";
    public const string Tasks = "tasks";
    public const string Processes = "processes";
    public const string Payload = "payload";
    public const string History = "history";

    public static IReadOnlyList<GrowthAxis> All { get; } =
    [
        new(Backlog, 1, [1000, 10_000, 100_000, 1_000_000, 10_000_000]),
        new(Queues, 1, [1, 3, 10, 30, 100, 300, 1000]),
        new(Tasks, 1, [1, 10, 100, 1000]),
        new(Processes, 1, [1, 2, 4, 8]),
        new(Payload, Work.SmallestBytes, [100, 1000, 10_000, 100_000, 1_000_000]),
        new(History, 0, [0, 1000, 10_000, 100_000, 1_000_000, 10_000_000]),
    ];

    /// <exception cref="BenchException">There is none of this name.</exception>
    public static GrowthAxis Find(string name) =>
        All.FirstOrDefault(axis => axis.Name == name)
        ?? throw new BenchException($"--axis \"{name}\" must be one or more, with commas between, of {string.Join(", ", All.Select(axis => axis.Name))}.");

    /// <summary>The points up to a bound, and the bound itself if it cuts the axis short.</summary>
    /// <exception cref="BenchException">The bound is below what makes sense.</exception>
    public IReadOnlyList<int> UpTo(int? max) =>
        max is not { } bound || bound >= Values[^1] ? Values
        : bound < Smallest ? throw new BenchException($"--max {bound} is too small for the axis {Name}: give at least {Smallest}.")
        : [.. Values.Where(value => value < bound), bound];
}
