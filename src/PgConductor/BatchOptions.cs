namespace PgConductor;

/// <summary>How executions of a batch task are gathered before its handler gets them together.</summary>
/// <remarks>Immutable and safe to share. Applies to each process on its own: a batch is of executions that one process has claimed.</remarks>
public sealed record BatchOptions
{
    /// <summary>How many the handler gets at most.</summary>
    /// <value>Default 100; 1 to 10000.</value>
    public int Size { get; init; } = 100;

    /// <summary>How long the first of a batch waits for more to come; a batch that is full starts at once.</summary>
    /// <value>Default 1 s; zero to 10 minutes. Zero: what is due already, and no more.</value>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(1);

    internal void Validate(string key, ICollection<string> faults)
    {
        if (Size is < 1 or > 10_000)
        {
            faults.Add($"task \"{key}\": Batch.Size {Size} must be 1 to 10000");
        }

        if (Wait < TimeSpan.Zero || Wait > TimeSpan.FromMinutes(10))
        {
            faults.Add($"task \"{key}\": Batch.Wait {Wait} must be zero to 10 minutes");
        }
    }
}
