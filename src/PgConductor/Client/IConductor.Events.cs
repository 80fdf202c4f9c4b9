using Npgsql;

namespace PgConductor.Client;

public partial interface IConductor
{
    /// <summary>Emits an event: starts the tasks that are subscribed to its key, and wakes the executions that wait for it.</summary>
    /// <param name="key">1 to 400 bytes. What it is about belongs into it where many wait at once: "order.paid/4711".</param>
    /// <param name="payload">Serialised to JSON; filters are asked of it.</param>
    /// <param name="transaction">Emits in this transaction: the event is delivered if and only if it commits, and at its commit.</param>
    /// <param name="cancellationToken">Ends the call; the event may be emitted all the same.</param>
    /// <returns>The event's id.</returns>
    /// <exception cref="ConductorException">Codes invalid-payload, invalid-argument and the database's. What a subscriber cannot take is no error here: see <see cref="ListEventFailuresAsync"/>.</exception>
    Task<Guid> EmitAsync<TPayload>(string key, TPayload payload, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default);

    /// <summary>Emits many events, all or none.</summary>
    /// <param name="events">The events; those of one key are delivered in this order.</param>
    /// <param name="transaction">As for one.</param>
    /// <param name="cancellationToken">As for one.</param>
    /// <returns>Their ids, in the order given.</returns>
    Task<IReadOnlyList<Guid>> EmitManyAsync(IReadOnlyList<EventItem> events, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default);

    /// <summary>Lists the subscriptions that are registered.</summary>
    /// <param name="service">Only this service's; null: all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<IReadOnlyList<SubscriptionInfo>> ListSubscriptionsAsync(string? service = null, CancellationToken cancellationToken = default);

    /// <summary>Lists what events should have done and did not, newest first.</summary>
    /// <param name="limit">How many; 1 to 1000.</param>
    /// <param name="before">The next page: older than this id.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<IReadOnlyList<EventFailure>> ListEventFailuresAsync(int limit = 50, long? before = null, CancellationToken cancellationToken = default);
}
