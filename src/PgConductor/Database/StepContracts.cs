namespace PgConductor.Database;

/// <summary>A step as it comes with a claim. Result is JSON; FinishedAt of one that is waited for is its deadline.</summary>
internal sealed record StoredStep(string Name, string Kind, StepState State, byte[]? Result, DateTime StartedAt, DateTime? FinishedAt, int Ordinal, Guid? ChildId);

/// <summary>The kinds of steps; the names are those of the SQL functions.</summary>
internal static class StepKind
{
    public const string Step = "step";
    public const string Sleep = "sleep";
    public const string Child = "child";
    public const string All = "all";
}

/// <summary>A finished step to be stored. Times are the execution's own clock.</summary>
internal readonly record struct StepSave(long LeaseId, int Position, string Name, int Ordinal, byte[]? Result, DateTime StartedAt, DateTime FinishedAt, bool Failed = false);

/// <summary>What the database did with a step.</summary>
internal enum StepEffect
{
    Saved,

    /// <summary>A finished step of this name is stored, and stays.</summary>
    Existing,

    /// <summary>The lease is no longer ours, or the execution has its outcome.</summary>
    Rejected,
}
