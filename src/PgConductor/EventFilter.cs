using System.Text.Json;
using System.Text.Json.Nodes;

namespace PgConductor;

/// <summary>Which payloads of an event count: JSON that they contain, a jsonpath predicate that is true of them, or both.</summary>
/// <remarks>
/// Data that PostgreSQL evaluates, never SQL that it runs. What a payload lacks, or has as another type, does not match. For table
/// events it is asked of the whole document: {"operation", "schema", "table", "new", "old"}. Immutable and safe to share.
/// </remarks>
public sealed record EventFilter
{
    private EventFilter(string? contains, string? path)
    {
        Contains = contains;
        Path = path;
    }

    /// <summary>The JSON that must be contained, as jsonb's operator @> has it; null: any.</summary>
    public string? Contains { get; }

    /// <summary>The jsonpath predicate that must be true; null: none.</summary>
    public string? Path { get; }

    /// <summary>Payloads that contain a JSON value: objects with at least these properties, arrays with at least these elements.</summary>
    public static EventFilter Containing(JsonNode value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new EventFilter(value.ToJsonString(), null);
    }

    /// <summary>Payloads of which a jsonpath predicate is true, such as <c>$.amount > 100 &amp;&amp; $.currency == "EUR"</c>.</summary>
    /// <param name="path">At most 4000 bytes. Checked where it is registered: what PostgreSQL cannot read, or is no predicate, is refused there.</param>
    /// <remarks>Values from outside belong into <see cref="Containing"/>, where they need no quoting.</remarks>
    public static EventFilter Matching(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new EventFilter(null, path);
    }

    /// <summary>Both must pass.</summary>
    /// <exception cref="ArgumentException">Both have a part of the same kind.</exception>
    public EventFilter And(EventFilter other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return (Contains is null || other.Contains is null) && (Path is null || other.Path is null)
            ? new EventFilter(Contains ?? other.Contains, Path ?? other.Path)
            : throw new ArgumentException("A filter has one Containing and one Matching at most: write both into one, with && in a path.", nameof(other));
    }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (Contains is { } contains)
        {
            writer.WritePropertyName("contains");
            writer.WriteRawValue(contains);
        }

        if (Path is { } path)
        {
            writer.WriteString("path", path);
        }

        writer.WriteEndObject();
    }
}
