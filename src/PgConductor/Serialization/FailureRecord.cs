using System.Buffers;
using System.Text.Json;

namespace PgConductor.Serialization;

/// <summary>A failure as it is kept with its execution: type, message and stack, bounded, and storable whatever they contain.</summary>
internal static class FailureRecord
{
    internal const int MaxMessageLength = 6_000;
    internal const int MaxStackLength = 8_000;

    public static byte[] From(Exception exception) =>
        Write(exception.GetType().FullName ?? exception.GetType().Name, Describe(exception), exception.StackTrace);

    public static byte[] Write(string type, string message, string? stack = null)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", JsonText.Clean(type, 500));
            writer.WriteString("message", JsonText.Clean(message, MaxMessageLength));
            if (stack is not null)
            {
                writer.WriteString("stack", JsonText.Clean(stack, MaxStackLength));
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static string Describe(Exception exception)
    {
        var message = exception.Message;
        for (var inner = exception.InnerException; inner is not null && message.Length < MaxMessageLength; inner = inner.InnerException)
        {
            message = $"{message} ---> {inner.GetType().Name}: {inner.Message}";
        }

        return message;
    }
}
