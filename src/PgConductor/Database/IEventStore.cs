using Npgsql;
using PgConductor.Client;

namespace PgConductor.Database;

/// <summary>Events, subscriptions and what failed of them.</summary>
internal interface IEventStore
{
    /// <summary>Emits events, all or none.</summary>
    Task EmitAsync(IReadOnlyList<Emission> events, string? traceParent, NpgsqlTransaction? transaction, CancellationToken cancellationToken);

    /// <summary>Makes a service's subscriptions exactly these.</summary>
    Task<SubscriptionReport> RegisterSubscriptionsAsync(string service, IReadOnlyCollection<SubscriptionDeclaration> subscriptions, CancellationToken cancellationToken);

    Task<IReadOnlyList<SubscriptionInfo>> ListSubscriptionsAsync(string? service, CancellationToken cancellationToken);

    Task<IReadOnlyList<EventFailure>> ListEventFailuresAsync(int limit, long? before, CancellationToken cancellationToken);

    /// <summary>Failures that nobody has reported yet; each is given to one caller.</summary>
    Task<IReadOnlyList<UnreportedFailure>> ReportEventFailuresAsync(CancellationToken cancellationToken);

    /// <summary>Registers a running execution's wait for an event. The wait is JSON. False: the execution is no longer ours.</summary>
    Task<bool> ExpectEventAsync(Guid orchestratorId, long leaseId, int position, byte[] wait, CancellationToken cancellationToken);
}

/// <summary>An event on its way. Payload is JSON.</summary>
internal readonly record struct Emission(Guid Id, string Key, byte[] Payload);

/// <summary>What a registration of subscriptions changed.</summary>
internal readonly record struct SubscriptionReport(int Created, int Changed, int Removed);

/// <summary>A failure to be logged and counted. Source: the event's key, or the table and operation.</summary>
internal sealed record UnreportedFailure(long Id, string Source, string? TaskKey, string Message);
