using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace PgConductor.Serialization;

/// <summary>Payloads and results to JSON and back, refusing at the edge what the database could not hold.</summary>
internal sealed class PayloadSerializer
{
    private readonly JsonSerializerOptions _options;
    private readonly int _maxBytes;

    public PayloadSerializer(IJsonTypeInfoResolver? resolver, int maxBytes)
    {
        _maxBytes = maxBytes;
        _options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            Encoder = new StrictJavaScriptEncoder(),
            TypeInfoResolver = resolver ?? Reflection(),
        };
        _options.MakeReadOnly();
    }

    /// <param name="value">Payload or result.</param>
    /// <param name="what">Named in errors: "payload of task …".</param>
    public byte[] Serialize<T>(T value, string what)
    {
        byte[] json;
        try
        {
            json = JsonSerializer.SerializeToUtf8Bytes(value, TypeInfo<T>(what));
        }
        catch (LoneSurrogateException exception)
        {
            throw Invalid($"The {what} has {exception.Message}, which PostgreSQL cannot store: clean the text first.", exception);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException or ArgumentException)
        {
            throw Invalid($"The {what} cannot be written as JSON: {exception.Message}", exception);
        }

        return Check(json, what);
    }

    /// <summary>Checks JSON that is written already.</summary>
    public byte[] Check(byte[] json, string what)
    {
        if (json.Length > _maxBytes)
        {
            throw Invalid($"The {what} has {json.Length} bytes; at most {_maxBytes} are allowed (ConductorOptions.MaxPayloadBytes). Store it elsewhere and pass a reference.", null);
        }

        return JsonText.FindFault(json) is { } fault
            ? throw Invalid($"The {what} has {fault}, which PostgreSQL cannot store: clean the text first.", null)
            : json;
    }

    public T Deserialize<T>(ReadOnlySpan<byte> json, string what)
    {
        try
        {
            return JsonSerializer.Deserialize(json, TypeInfo<T>(what))!;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw Invalid($"The {what} cannot be read as {typeof(T)}: {exception.Message}", exception);
        }
    }

    private static ConductorException Invalid(string message, Exception? inner) => new(ConductorErrorCode.InvalidPayload, message, false, inner);

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Only reached without a resolver, where reflection is what the user chose; a trimmed program gives a source-generated context.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "As above.")]
    private static DefaultJsonTypeInfoResolver Reflection() => new();

    private JsonTypeInfo<T> TypeInfo<T>(string what)
    {
        try
        {
            return (JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T));
        }
        catch (NotSupportedException exception)
        {
            throw Invalid($"The {what} is of type {typeof(T)}, which ConductorOptions.JsonTypeInfoResolver does not know: add it to the source-generated context.", exception);
        }
    }
}
