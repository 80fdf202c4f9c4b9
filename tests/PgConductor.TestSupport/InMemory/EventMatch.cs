using System.Text.Json;

namespace PgConductor.TestSupport.InMemory;

/// <summary>Filters of events as far as no jsonpath is in them: that needs PostgreSQL, and is refused here.</summary>
internal static class EventMatch
{
    public static void Check(JsonElement filter)
    {
        if (filter.TryGetProperty("path", out _))
        {
            throw new NotSupportedException("There is no jsonpath in memory: test this filter with PostgreSQL.");
        }
    }

    public static bool Passes(JsonElement? filter, JsonElement payload) =>
        filter is not { } given || !given.TryGetProperty("contains", out var contained) || Contains(payload, contained, isTop: true);

    /// <summary>jsonb's operator @>.</summary>
    private static bool Contains(JsonElement whole, JsonElement part, bool isTop = false) => (whole.ValueKind, part.ValueKind) switch
    {
        (JsonValueKind.Object, JsonValueKind.Object) => part.EnumerateObject().All(property => whole.TryGetProperty(property.Name, out var value) && Contains(value, property.Value)),
        (JsonValueKind.Array, JsonValueKind.Array) => part.EnumerateArray().All(item => whole.EnumerateArray().Any(other => Contains(other, item))),
        (JsonValueKind.Array, not JsonValueKind.Object) when isTop => whole.EnumerateArray().Any(other => JsonElement.DeepEquals(other, part)),
        (JsonValueKind.Object or JsonValueKind.Array, _) or (_, JsonValueKind.Object or JsonValueKind.Array) => false,
        _ => JsonElement.DeepEquals(whole, part),
    };
}
