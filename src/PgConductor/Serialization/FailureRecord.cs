using System.Buffers;
using System.Text.Json;

namespace PgConductor.Serialization;

/// <summary>A failure as it is kept with its execution: type, message and stack, bounded, and storable whatever they contain.</summary>
internal static class FailureRecord
{
    internal const int MaxMessageLength = 6_000;
    internal const int MaxStackLength = 8_000;

    /// <param name="exception">The failure.</param>
    /// <param name="step">The step it is the failure of, if it is one's.</param>
    public static byte[] From(Exception exception, string? step = null) =>
        Write(exception.GetType().FullName ?? exception.GetType().Name, Describe(exception), StackOf(exception), step);

    public static byte[] Write(string type, string message, string? stack = null, string? step = null)
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

            if (step is not null)
            {
                writer.WriteString("step", step);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A message is the user's code: it may throw, and it may be null in spite of its type.</summary>
    private static string MessageOf(Exception exception)
    {
        try
        {
            return exception.Message ?? "no message";
        }
        catch (Exception fault)
        {
            return $"its message could not be read ({fault.GetType().Name})";
        }
    }

    private static string? StackOf(Exception exception)
    {
        try
        {
            return exception.StackTrace;
        }
        catch (Exception)
        {
            return null;
        }
    }

    private static string Describe(Exception exception)
    {
        var message = MessageOf(exception);
        for (var inner = exception.InnerException; inner is not null && message.Length < MaxMessageLength; inner = inner.InnerException)
        {
            message = $"{message} ---> {inner.GetType().Name}: {MessageOf(inner)}";
        }

        return message;
    }
}
