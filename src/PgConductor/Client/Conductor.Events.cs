using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Npgsql;
using PgConductor.Database;
using PgConductor.Diagnostics;

namespace PgConductor.Client;

public sealed partial class Conductor
{
    /// <inheritdoc/>
    public async Task<Guid> EmitAsync<TPayload>(string key, TPayload payload, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default)
    {
        InvocationRules.CheckEventKey(key);
        var emission = new Emission(Guid.CreateVersion7(), key, Serializer.Serialize(payload, $"payload of event \"{key}\""));
        await Database.EmitAsync([emission], Activity.Current?.Id, transaction, cancellationToken).ConfigureAwait(false);
        Telemetry.Emitted(1);
        return emission.Id;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Guid>> EmitManyAsync(IReadOnlyList<EventItem> events, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        var emissions = events.Select(item =>
        {
            InvocationRules.CheckEventKey(item.Key);
            var what = $"payload of event \"{item.Key}\"";
            return item.Payload.ValueKind == JsonValueKind.Undefined
                ? throw new ConductorException(ConductorErrorCode.InvalidPayload, $"The {what} is undefined: give a JSON value, null included.")
                : new Emission(Guid.CreateVersion7(), item.Key, Serializer.Check(Encoding.UTF8.GetBytes(item.Payload.GetRawText()), what));
        }).ToArray();
        if (emissions.Length > 0)
        {
            await Database.EmitAsync(emissions, Activity.Current?.Id, transaction, cancellationToken).ConfigureAwait(false);
            Telemetry.Emitted(emissions.Length);
        }

        return [.. emissions.Select(emission => emission.Id)];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<SubscriptionInfo>> ListSubscriptionsAsync(string? service = null, CancellationToken cancellationToken = default) =>
        Database.ListSubscriptionsAsync(service, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<EventFailure>> ListEventFailuresAsync(int limit = 50, long? before = null, CancellationToken cancellationToken = default) =>
        limit is < 1 or > 1000
            ? throw new ConductorException(ConductorErrorCode.InvalidArgument, $"Limit {limit} is out of range: give 1 to 1000.")
            : Database.ListEventFailuresAsync(limit, before, cancellationToken);
}
