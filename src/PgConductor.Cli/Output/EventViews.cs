using System.Text.Json;
using PgConductor.Client;

namespace PgConductor.Cli.Output;

/// <summary>What --json shows of a subscription (docs/reference/cli.md). Source: the event's key, or "schema.table operation".</summary>
internal sealed record SubscriptionView(
    string Service, string Task, string Name, string Source, string? Event, string? Table, string? Operation,
    IReadOnlyList<string>? Fields, IReadOnlyList<string>? Columns, JsonElement? Filter, DateTimeOffset UpdatedAt)
{
    public static SubscriptionView From(SubscriptionInfo info) => new(
        info.Service, info.TaskKey, info.Name, info.EventKey ?? $"{info.TableSchema}.{info.TableName} {info.Operation}", info.EventKey,
        info.TableName is null ? null : $"{info.TableSchema}.{info.TableName}", info.Operation, info.Fields, info.Columns, info.Filter, info.UpdatedAt);
}

/// <summary>What --json shows of a failure of an event.</summary>
internal sealed record EventFailureView(
    long Id, DateTimeOffset FailedAt, string Source, string? Service, string? Task, string? Name, Guid? EventId, Guid? ExecutionId,
    string SqlState, string Message, JsonElement? Payload)
{
    public static EventFailureView From(EventFailure failure) => new(
        failure.Id, failure.FailedAt, failure.Source, failure.Service, failure.TaskKey, failure.Name, failure.EventId, failure.ExecutionId,
        failure.SqlState, failure.Message, failure.Payload);
}
