using System.Text;

namespace PgConductor.Client;

/// <summary>What an invoke may be, checked before it costs a round trip; the SQL functions check the same.</summary>
internal static class InvocationRules
{
    public static void Check(string taskKey, InvokeOptions options)
    {
        if (taskKey is null or "" or "?" || HasNul(taskKey) || Encoding.UTF8.GetByteCount(taskKey) > 200)
        {
            throw Invalid($"\"{taskKey}\" cannot be a task key: give 1 to 200 bytes, not \"?\".");
        }

        if (options.Priority is < -100 or > 100)
        {
            throw Invalid($"Priority {options.Priority} is out of range: give -100 to 100; higher runs sooner.");
        }

        if (options.MaxAttempts is < 1 or > short.MaxValue)
        {
            throw Invalid($"MaxAttempts {options.MaxAttempts} is out of range: give 1 to {short.MaxValue}.");
        }

        if (options.Queue is { } queue)
        {
            CheckQueue(queue);
        }

        if (options.DedupeKey is { } key && (key.Length == 0 || HasNul(key) || Encoding.UTF8.GetByteCount(key) > 1000))
        {
            throw Invalid($"A dedupe key of {Encoding.UTF8.GetByteCount(key)} bytes is not possible: give 1 to 1000 bytes without U+0000.");
        }
    }

    public static void CheckQueue(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0 || name.Any(char.IsControl) || Encoding.UTF8.GetByteCount(name) > 200)
        {
            throw Invalid($"\"{name}\" cannot be a queue name: give 1 to 200 bytes without control characters.");
        }

        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsSurrogate(name[i]) && !(char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[++i])))
            {
                throw Invalid($"The queue name has half a surrogate pair at character {i}: it is not valid text.");
            }
        }
    }

    private static bool HasNul(string text) => text.Contains('\0', StringComparison.Ordinal);

    private static ConductorException Invalid(string message) => new(ConductorErrorCode.InvalidArgument, message);
}
