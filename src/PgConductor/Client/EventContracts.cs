using System.Text.Json;

namespace PgConductor.Client;

/// <summary>An event to be emitted.</summary>
/// <param name="Key">1 to 400 bytes.</param>
/// <param name="Payload">Any JSON value.</param>
public sealed record EventItem(string Key, JsonElement Payload);

/// <summary>A subscription as the database has it.</summary>
public sealed record SubscriptionInfo
{
    /// <summary>The service that declares it.</summary>
    public required string Service { get; init; }

    /// <summary>The task it starts.</summary>
    public required string TaskKey { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The event's key; null: a table's change.</summary>
    public string? EventKey { get; init; }

    /// <summary>The table's schema; null: an event.</summary>
    public string? TableSchema { get; init; }

    /// <summary>The table; null: an event.</summary>
    public string? TableName { get; init; }

    /// <summary>insert, update or delete; null: an event.</summary>
    public string? Operation { get; init; }

    /// <summary>The columns that go into the payload; null: all.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>The payload's fields that are passed on; null: all.</summary>
    public IReadOnlyList<string>? Fields { get; init; }

    /// <summary>{"contains", "path"}; null: none.</summary>
    public JsonElement? Filter { get; init; }

    /// <summary>When it was last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Something that an event should have started or woken, and did not. Kept for 14 days.</summary>
public sealed record EventFailure
{
    /// <summary>Grows with time.</summary>
    public required long Id { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset FailedAt { get; init; }

    /// <summary>The event's id.</summary>
    public Guid? EventId { get; init; }

    /// <summary>The execution whose wait could not be decided; null: a subscription's failure.</summary>
    public Guid? ExecutionId { get; init; }

    /// <summary>The event's key, or "schema.table operation".</summary>
    public required string Source { get; init; }

    /// <summary>The service whose subscription it was.</summary>
    public string? Service { get; init; }

    /// <summary>The task that was to be started.</summary>
    public string? TaskKey { get; init; }

    /// <summary>The subscription's name.</summary>
    public string? Name { get; init; }

    /// <summary>The error's SQLSTATE.</summary>
    public required string SqlState { get; init; }

    /// <summary>What went wrong.</summary>
    public required string Message { get; init; }

    /// <summary>What was to be delivered; null when it is longer than 8 kB.</summary>
    public JsonElement? Payload { get; init; }
}
