namespace PgConductor.Database;

internal sealed partial class DatabaseClient
{
    private readonly LimitCommands _limits;

    public Task<IReadOnlyList<LimitInfo>> ListLimitsAsync(string? taskKey, int limit, CancellationToken cancellationToken) =>
        _limits.ListLimitsAsync(taskKey, limit, cancellationToken);

    public Task<IReadOnlyList<WrongLimit>> CheckLimitsAsync(CancellationToken cancellationToken) => _limits.CheckLimitsAsync(cancellationToken);
}
