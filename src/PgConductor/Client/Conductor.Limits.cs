namespace PgConductor.Client;

public sealed partial class Conductor
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<LimitInfo>> ListLimitsAsync(string? taskKey = null, int limit = 100, CancellationToken cancellationToken = default) =>
        limit is < 1 or > 1000
            ? throw new ConductorException(ConductorErrorCode.InvalidArgument, $"Limit {limit} is out of range: give 1 to 1000.")
            : Database.ListLimitsAsync(taskKey, limit, cancellationToken);
}
