using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using PgConductor.Client;

namespace PgConductor.Database;

/// <summary>Emitting, subscribing, expecting.</summary>
internal sealed class EventCommands(Calls calls) : IEventStore
{
    public Task EmitAsync(IReadOnlyList<Emission> events, string? traceParent, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.emit_events($1, $2, $3, $4, $5)",
            (parameters, isRepeated) =>
            {
                parameters.AddArray<string>([.. events.Select(item => item.Key)], NpgsqlDbType.Text);
                parameters.AddArray<byte[]>([.. events.Select(item => item.Payload)], NpgsqlDbType.Jsonb);
                parameters.AddArray<Guid>([.. events.Select(item => item.Id)], NpgsqlDbType.Uuid);
                parameters.AddText(traceParent);
                parameters.AddBoolean(isRepeated);
            },
            Calls.Row(static _ => true),
            transaction,
            cancellationToken);

    public Task<SubscriptionReport> RegisterSubscriptionsAsync(string service, IReadOnlyCollection<SubscriptionDeclaration> subscriptions, CancellationToken cancellationToken)
    {
        var json = Write(subscriptions);
        return calls.RetryingAsync(
            "select created, changed, removed from pgconductor.register_subscriptions($1, $2)",
            parameters =>
            {
                parameters.AddText(service);
                parameters.AddJsonb(json);
            },
            Calls.Row(static reader => new SubscriptionReport(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2))),
            cancellationToken);
    }

    public Task<IReadOnlyList<SubscriptionInfo>> ListSubscriptionsAsync(string? service, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select service, task_key, name, event_key, table_schema, table_name, operation, columns, fields, filter, updated_at from pgconductor.list_subscriptions($1)",
            parameters => parameters.AddText(service),
            Calls.Rows(static reader => new SubscriptionInfo
            {
                Service = reader.GetString(0),
                TaskKey = reader.GetString(1),
                Name = reader.GetString(2),
                EventKey = Calls.Nullable<string>(reader, 3),
                TableSchema = Calls.Nullable<string>(reader, 4),
                TableName = Calls.Nullable<string>(reader, 5),
                Operation = Calls.Nullable<string>(reader, 6),
                Columns = Calls.Nullable<string[]>(reader, 7),
                Fields = Calls.Nullable<string[]>(reader, 8),
                Filter = Json(reader, 9),
                UpdatedAt = new DateTimeOffset(reader.GetDateTime(10), TimeSpan.Zero),
            }),
            cancellationToken);

    public Task<IReadOnlyList<EventFailure>> ListEventFailuresAsync(int limit, long? before, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select id, failed_at, event_id, execution_id, event_key, table_schema, table_name, operation, service, task_key, name, sqlstate, message, payload from pgconductor.list_event_failures($1, $2)",
            parameters =>
            {
                parameters.AddInteger(limit);
                parameters.AddBigint(before);
            },
            Calls.Rows(static reader => new EventFailure
            {
                Id = reader.GetInt64(0),
                FailedAt = new DateTimeOffset(reader.GetDateTime(1), TimeSpan.Zero),
                EventId = reader.IsDBNull(2) ? null : reader.GetGuid(2),
                ExecutionId = reader.IsDBNull(3) ? null : reader.GetGuid(3),
                Source = Calls.Nullable<string>(reader, 4) ?? $"{reader.GetString(5)}.{reader.GetString(6)} {reader.GetString(7)}",
                Service = Calls.Nullable<string>(reader, 8),
                TaskKey = Calls.Nullable<string>(reader, 9),
                Name = Calls.Nullable<string>(reader, 10),
                SqlState = reader.GetString(11),
                Message = reader.GetString(12),
                Payload = Json(reader, 13),
            }),
            cancellationToken);

    public Task<IReadOnlyList<UnreportedFailure>> ReportEventFailuresAsync(CancellationToken cancellationToken) =>
        calls.OnceAsync(
            "select id, source, task_key, message from pgconductor.report_event_failures()",
            static _ => { },
            Calls.Rows(static reader => new UnreportedFailure(reader.GetInt64(0), reader.GetString(1), Calls.Nullable<string>(reader, 2), reader.GetString(3))),
            cancellationToken);

    public Task<bool> ExpectEventAsync(Guid orchestratorId, long leaseId, int position, byte[] wait, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.expect_event($1, $2, $3, $4)",
            parameters =>
            {
                parameters.AddUuid(orchestratorId);
                parameters.AddBigint(leaseId);
                parameters.AddInteger(position);
                parameters.AddJsonb(wait);
            },
            Calls.Row(static reader => reader.GetBoolean(0)),
            cancellationToken);

    private static JsonElement? Json(NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : JsonElement.Parse(reader.GetFieldValue<byte[]>(ordinal));

    private static byte[] Write(IReadOnlyCollection<SubscriptionDeclaration> subscriptions)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var (taskKey, subscription) in subscriptions)
            {
                Write(writer, taskKey, subscription);
            }

            writer.WriteEndArray();
        }

        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, string taskKey, EventSubscription subscription)
    {
        writer.WriteStartObject();
        writer.WriteString("task_key", taskKey);
        writer.WriteString("name", subscription.Name);
        if (subscription.EventKey is { } key)
        {
            writer.WriteString("event", key);
        }
        else
        {
            writer.WriteString("schema", subscription.Schema);
            writer.WriteString("table", subscription.Table);
            writer.WriteString("operation", subscription.Operation switch { TableOperation.Insert => "insert", TableOperation.Update => "update", _ => "delete" });
        }

        WriteList(writer, "fields", subscription.Fields);
        WriteList(writer, "columns", subscription.Columns);
        if (subscription.Filter is { } filter)
        {
            writer.WritePropertyName("filter");
            filter.Write(writer);
        }

        writer.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter writer, string name, IReadOnlyList<string>? items)
    {
        if (items is not null)
        {
            writer.WriteStartArray(name);
            foreach (var item in items)
            {
                writer.WriteStringValue(item);
            }

            writer.WriteEndArray();
        }
    }
}
