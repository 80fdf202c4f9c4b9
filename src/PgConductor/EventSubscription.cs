namespace PgConductor;

/// <summary>What a statement did to a row.</summary>
public enum TableOperation
{
    /// <summary>The row is new.</summary>
    Insert,

    /// <summary>The row was changed.</summary>
    Update,

    /// <summary>The row is gone.</summary>
    Delete,
}

/// <summary>What starts a task besides an invoke: an event that is emitted, or a change of a table.</summary>
/// <remarks>
/// Declared with <see cref="TaskCollection.Subscribe"/>; in the database from the orchestrator's start until the service no longer
/// declares it. Immutable and safe to share.
/// </remarks>
public sealed record EventSubscription
{
    private EventSubscription(string name) => Name = name;

    /// <summary>Names it among the subscriptions of its task.</summary>
    /// <value>Default: what it is subscribed to. 1 to 400 bytes.</value>
    public string Name { get; init; }

    /// <summary>Which payloads count.</summary>
    /// <value>Default null: all.</value>
    public EventFilter? Filter { get; init; }

    /// <summary>The properties of the event's payload that become the execution's payload; those that are missing are left out.</summary>
    /// <value>Default null: the whole payload. Not for tables.</value>
    public IReadOnlyList<string>? Fields { get; init; }

    /// <summary>The columns that go into the payload; an update counts only if one of them changed.</summary>
    /// <value>Default null: all. Only for tables.</value>
    public IReadOnlyList<string>? Columns { get; init; }

    internal string? EventKey { get; private init; }

    internal string? Schema { get; private init; }

    internal string? Table { get; private init; }

    internal TableOperation Operation { get; private init; }

    /// <summary>To events of a key.</summary>
    /// <param name="key">1 to 400 bytes.</param>
    public static EventSubscription To(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return new EventSubscription(key) { EventKey = key };
    }

    /// <summary>To changes of a table's rows; the task's payload is a <see cref="TableChange{TRow}"/>.</summary>
    /// <param name="schema">The table's schema, as it is spelled in the catalog.</param>
    /// <param name="table">The table, partitioned or not; it must exist when the service starts, and the service's role needs the privilege TRIGGER on it.</param>
    /// <param name="operation">What is done to a row. An update that changes nothing does not count.</param>
    public static EventSubscription ToTable(string schema, string table, TableOperation operation)
    {
        ArgumentException.ThrowIfNullOrEmpty(schema);
        ArgumentException.ThrowIfNullOrEmpty(table);
        return new EventSubscription($"{schema}.{table}.{operation}") { Schema = schema, Table = table, Operation = operation };
    }

    internal string? FindFault() =>
        Name is null or "" || System.Text.Encoding.UTF8.GetByteCount(Name) > 400 || StorableText.FindFault(Name) is not null ? $"its name \"{Name}\" is not 1 to 400 bytes of valid text"
        : EventKey is { } key && (System.Text.Encoding.UTF8.GetByteCount(key) > 400 || StorableText.FindFault(key) is not null) ? $"its key \"{key}\" is not 1 to 400 bytes of valid text"
        : Fields is not null && EventKey is null ? "a table has columns: use Columns instead of Fields"
        : Columns is not null && EventKey is not null ? "an event has fields: use Fields instead of Columns"
        : Fields is { Count: 0 } || Columns is { Count: 0 } ? "its list of fields or columns is empty: leave it null for all"
        : null;
}

/// <summary>A subscription and the task it starts.</summary>
internal sealed record SubscriptionDeclaration(string TaskKey, EventSubscription Subscription);
