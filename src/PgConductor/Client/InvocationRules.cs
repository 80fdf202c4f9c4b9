using System.Text;

namespace PgConductor.Client;

/// <summary>What an invoke may be, checked before it costs a round trip; the SQL functions check the same.</summary>
internal static class InvocationRules
{
    public static void Check(string taskKey, InvokeOptions options)
    {
        if (!TaskDefinition.IsKey(taskKey))
        {
            throw Invalid($"\"{taskKey}\" cannot be a task key: {TaskDefinition.KeyRule}.");
        }

        CheckText(taskKey, "task key");

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

        if (options.DedupeKey is { } key)
        {
            if (key.Length == 0 || Encoding.UTF8.GetByteCount(key) > 1000)
            {
                throw Invalid($"A dedupe key of {Encoding.UTF8.GetByteCount(key)} bytes is not possible: give 1 to 1000 bytes.");
            }

            CheckText(key, "dedupe key");
        }

        if (options.Throttle is not null || options.Debounce is not null)
        {
            PaceRules.Check(options);
        }
    }

    public static void CheckQueue(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0 || name.Any(char.IsControl) || Encoding.UTF8.GetByteCount(name) > 200)
        {
            throw Invalid($"\"{name}\" cannot be a queue name: give 1 to 200 bytes without control characters.");
        }

        CheckText(name, "queue name");
    }

    public static void CheckEventKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length == 0 || Encoding.UTF8.GetByteCount(key) > 400)
        {
            throw Invalid($"\"{key}\" cannot be the key of an event: give 1 to 400 bytes.");
        }

        CheckText(key, "event's key");
    }

    public static void CheckText(string text, string what)
    {
        if (StorableText.FindFault(text) is { } fault)
        {
            throw Invalid($"The {what} has {fault}, which PostgreSQL cannot store: clean the text first.");
        }
    }

    private static ConductorException Invalid(string message) => new(ConductorErrorCode.InvalidArgument, message);
}
