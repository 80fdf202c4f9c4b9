namespace PgConductor.Database;

/// <summary>Limits.</summary>
internal interface ILimitStore
{
    Task<IReadOnlyList<LimitInfo>> ListLimitsAsync(string? taskKey, int limit, CancellationToken cancellationToken);

    /// <summary>Puts counters right that say something else than the leases. There should be none.</summary>
    Task<IReadOnlyList<WrongLimit>> CheckLimitsAsync(CancellationToken cancellationToken);
}

/// <summary>A counter that was wrong, and has been put right. Key: as it is stored; empty for the task's own.</summary>
internal sealed record WrongLimit(string TaskKey, string Key, int Running, int Actual);
