using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using PgConductor.Client;
using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>Events and subscriptions. There are no tables of users here, so subscriptions to tables are kept and never fire.</summary>
internal sealed class Events(Tables tables, Invocations invocations)
{
    private readonly SortedDictionary<(string Service, string TaskKey, string Name), (EventSubscription Declared, DateTime UpdatedAt)> _subscriptions = [];
    private readonly List<EventFailure> _failures = [];
    private int _reported;

    public static void CheckKey(string? key)
    {
        if (key is null or "" || Encoding.UTF8.GetByteCount(key) > 400)
        {
            throw ServerErrors.Of("PC004", $"\"{key}\" cannot be the key of an event");
        }
    }

    public bool Emit(IReadOnlyList<Emission> events, string? traceParent)
    {
        foreach (var item in events)
        {
            CheckKey(item.Key);
            ServerErrors.CheckJson(item.Payload);
        }

        foreach (var item in events)
        {
            var payload = JsonElement.Parse(item.Payload);
            foreach (var ((service, taskKey, name), (declared, _)) in _subscriptions.Where(row => row.Value.Declared.EventKey == item.Key).ToList())
            {
                Start(item, payload, service, taskKey, name, declared, traceParent);
            }

            tables.Flows.Deliver(item.Key, payload);
        }

        return true;
    }

    public SubscriptionReport Register(string service, IReadOnlyCollection<SubscriptionDeclaration> subscriptions)
    {
        foreach (var (_, subscription) in subscriptions.Where(item => item.Subscription.EventKey is not null))
        {
            CheckKey(subscription.EventKey);
            if (subscription.Filter?.Path is not null)
            {
                throw new NotSupportedException("There is no jsonpath in memory: test this filter with PostgreSQL.");
            }
        }

        var keys = subscriptions.Select(item => (service, item.TaskKey, item.Subscription.Name)).ToHashSet();
        var gone = _subscriptions.Keys.Where(key => key.Service == service && !keys.Contains(key)).ToList();
        gone.ForEach(key => _subscriptions.Remove(key));
        var (created, changed) = (0, 0);
        foreach (var (taskKey, subscription) in subscriptions)
        {
            var key = (service, taskKey, subscription.Name);
            if (!_subscriptions.TryGetValue(key, out var old))
            {
                created++;
            }
            else if (Text(old.Declared) != Text(subscription))
            {
                changed++;
            }
            else
            {
                continue;
            }

            _subscriptions[key] = (subscription, tables.Now);
        }

        return new SubscriptionReport(created, changed, gone.Count);
    }

    public IReadOnlyList<SubscriptionInfo> List(string? service) =>
        [.. _subscriptions.Where(row => service is null || row.Key.Service == service).Select(row => new SubscriptionInfo
        {
            Service = row.Key.Service,
            TaskKey = row.Key.TaskKey,
            Name = row.Key.Name,
            EventKey = row.Value.Declared.EventKey,
            TableSchema = row.Value.Declared.Schema,
            TableName = row.Value.Declared.Table,
            Operation = row.Value.Declared.EventKey is null ? row.Value.Declared.Operation.ToString().ToLowerInvariant() : null,
            Columns = row.Value.Declared.Columns,
            Fields = row.Value.Declared.Fields,
            Filter = Filter(row.Value.Declared),
            UpdatedAt = new DateTimeOffset(row.Value.UpdatedAt, TimeSpan.Zero),
        })];

    public IReadOnlyList<EventFailure> ListFailures(int limit, long? before) =>
        [.. _failures.Where(failure => before is null || failure.Id < before).OrderByDescending(failure => failure.Id).Take(limit)];

    public IReadOnlyList<UnreportedFailure> Report()
    {
        var fresh = _failures.Skip(_reported).Select(failure => new UnreportedFailure(failure.Id, failure.Source, failure.TaskKey, failure.Message)).ToList();
        _reported = _failures.Count;
        return fresh;
    }

    private static string Text(EventSubscription subscription) => JsonSerializer.Serialize(new
    {
        subscription.EventKey,
        subscription.Schema,
        subscription.Table,
        subscription.Operation,
        subscription.Columns,
        subscription.Fields,
        subscription.Filter?.Contains,
        subscription.Filter?.Path,
    });

    private static JsonElement? Filter(EventSubscription subscription)
    {
        if (subscription.Filter is not { } filter)
        {
            return null;
        }

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            filter.Write(writer);
        }

        return JsonElement.Parse(buffer.ToArray());
    }

    private void Start(Emission emission, JsonElement payload, string service, string taskKey, string name, EventSubscription declared, string? traceParent)
    {
        if (!EventMatch.Passes(Filter(declared), payload))
        {
            return;
        }

        var json = emission.Payload;
        if (declared.Fields is { } fields)
        {
            if (payload.ValueKind != JsonValueKind.Object)
            {
                Fail(emission, payload, service, taskKey, name, $"the payload is no object, so it has no field \"{fields[0]}\"");
                return;
            }

            var chosen = new JsonObject(payload.EnumerateObject().Where(property => fields.Contains(property.Name)).Select(property => KeyValuePair.Create(property.Name, JsonNode.Parse(property.Value.GetRawText()))));
            json = Encoding.UTF8.GetBytes(chosen.ToJsonString());
        }

        try
        {
            var id = new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"{emission.Id}|{service}|{taskKey}|{name}")).AsSpan(0, 16), bigEndian: true);
            invocations.Invoke(new Invocation(id, taskKey, json, null, null, 0, null, null, traceParent, true), DedupePolicy.ReturnExisting);
        }
        catch (Exception exception)
        {
            Fail(emission, payload, service, taskKey, name, exception.Message);
        }
    }

    private void Fail(Emission emission, JsonElement payload, string service, string taskKey, string name, string message) =>
        _failures.Add(new EventFailure
        {
            Id = _failures.Count + 1,
            FailedAt = new DateTimeOffset(tables.Now, TimeSpan.Zero),
            EventId = emission.Id,
            Source = emission.Key,
            Service = service,
            TaskKey = taskKey,
            Name = name,
            SqlState = "PC004",
            Message = message,
            Payload = payload,
        });
}
