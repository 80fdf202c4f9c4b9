using Npgsql;
using PgConductor.Client;

namespace PgConductor.Database;

internal sealed partial class DatabaseClient
{
    private readonly EventCommands _events;

    public Task EmitAsync(IReadOnlyList<Emission> events, string? traceParent, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        _events.EmitAsync(events, traceParent, transaction, cancellationToken);

    public Task<SubscriptionReport> RegisterSubscriptionsAsync(string service, IReadOnlyCollection<SubscriptionDeclaration> subscriptions, CancellationToken cancellationToken) =>
        _events.RegisterSubscriptionsAsync(service, subscriptions, cancellationToken);

    public Task<IReadOnlyList<SubscriptionInfo>> ListSubscriptionsAsync(string? service, CancellationToken cancellationToken) =>
        _events.ListSubscriptionsAsync(service, cancellationToken);

    public Task<IReadOnlyList<EventFailure>> ListEventFailuresAsync(int limit, long? before, CancellationToken cancellationToken) =>
        _events.ListEventFailuresAsync(limit, before, cancellationToken);

    public Task<IReadOnlyList<UnreportedFailure>> ReportEventFailuresAsync(CancellationToken cancellationToken) => _events.ReportEventFailuresAsync(cancellationToken);

    public Task<bool> ExpectEventAsync(Guid orchestratorId, long leaseId, int position, byte[] wait, CancellationToken cancellationToken) =>
        _events.ExpectEventAsync(orchestratorId, leaseId, position, wait, cancellationToken);
}
