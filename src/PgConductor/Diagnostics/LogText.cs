using System.Text;
using Microsoft.Extensions.Logging;

namespace PgConductor.Diagnostics;

/// <summary>A log entry as it can be stored: made once, however many executions it is kept with.</summary>
internal readonly record struct LogText(LogLevel Level, string Category, string Message, string? Error, int Bytes)
{
    private const int LongestCategory = 400;
    private const int LongestMessage = 8192;
    private const int LongestException = 16384;

    public static LogText Of(LogLevel level, string category, string message, Exception? exception)
    {
        message = Cut(message, LongestMessage);
        var error = exception is null ? null : Cut(Describe(exception), LongestException);
        return new LogText(level, Cut(category, LongestCategory), message, error, Encoding.UTF8.GetByteCount(message) + (error is null ? 0 : Encoding.UTF8.GetByteCount(error)) + category.Length);
    }

    private static string Describe(Exception exception)
    {
        try
        {
            return exception.ToString();
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return exception.GetType().Name;
        }
    }

    /// <summary>What PostgreSQL can hold, and no more than so many characters.</summary>
    private static string Cut(string text, int longest)
    {
        if (text.Length > longest)
        {
            text = string.Concat(text.AsSpan(0, longest), "… (cut)");
        }

        if (StorableText.FindFault(text) is null)
        {
            return text;
        }

        var storable = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // Half of a surrogate pair is enumerated as the replacement character already.
            storable.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }

        return storable.ToString();
    }
}
