using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>Limits are the database's business and not modelled: claims take what is due, and there are no counters.</summary>
internal sealed partial class InMemoryDatabaseClient
{
    public Task<IReadOnlyList<LimitInfo>> ListLimitsAsync(string? taskKey, int limit, CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<LimitInfo>>(_ => [], cancellationToken);

    public Task<IReadOnlyList<WrongLimit>> CheckLimitsAsync(CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<WrongLimit>>(_ => [], cancellationToken);
}
