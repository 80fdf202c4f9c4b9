using System.Text;
using System.Text.Json;

namespace PgConductor.Cli.Tasks;

/// <summary>What a program or a service answered, as a result.</summary>
internal static class ResultText
{
    /// <summary>The most bytes of an answer that are taken: what the engine accepts.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 1000 };

    /// <summary>Nothing is no result, JSON is itself, anything else a JSON string without its last line end.</summary>
    public static JsonElement? Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Span.StartsWith(Encoding.UTF8.Preamble))
        {
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        }

        if (bytes.Span.TrimStart(" \t\r\n"u8).IsEmpty)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, _options);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            // PostgreSQL stores no U+0000, and losing a result over one would help nobody.
            var text = Encoding.UTF8.GetString(bytes.Span).TrimEnd('\r', '\n').Replace('\0', '\uFFFD');
            return JsonSerializer.SerializeToElement(text);
        }
    }
}
