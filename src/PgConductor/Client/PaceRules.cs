using System.Text;
using PgConductor.Database;

namespace PgConductor.Client;

/// <summary>What a throttle or a debounce may be, checked before it costs a round trip; the SQL functions check the same.</summary>
internal static class PaceRules
{
    private static readonly TimeSpan _shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan _longest = TimeSpan.FromDays(366);

    /// <summary>Of options that have one of the two, or both.</summary>
    public static void Check(InvokeOptions options)
    {
        var (throttle, debounce) = (options.Throttle, options.Debounce);
        if (throttle is not null && debounce is not null)
        {
            throw Invalid($"A Throttle of {throttle.Period} and a Debounce of {debounce.Delay} exclude each other: give one of them.");
        }

        var name = throttle is null ? nameof(Debounce) : nameof(Throttle);
        if (options.RunAt is not null || options.DedupeKey is not null)
        {
            throw Invalid($"A {name} decides by itself when an execution runs and how many there are: give neither RunAt nor DedupeKey with it.");
        }

        var length = throttle?.Period ?? debounce!.Delay;
        if (length < _shortest || length > _longest)
        {
            throw Invalid($"A {name} of {length} is out of range: give 1 ms to {_longest.TotalDays} days.");
        }

        if ((throttle?.Edge ?? debounce!.Edge) is var edge && !Enum.IsDefined(edge))
        {
            throw Invalid($"There is no edge {(int)edge}: give {nameof(PaceEdge.Leading)} or {nameof(PaceEdge.Trailing)}.");
        }

        if (debounce?.MaxWait is { } wait && (wait < debounce.Delay || wait > _longest))
        {
            throw Invalid($"A MaxWait of {wait} is not possible for a Debounce of {debounce.Delay}: give at least that, and at most {_longest.TotalDays} days.");
        }

        if ((throttle is null ? debounce!.Key : throttle.Key) is { } key)
        {
            if (key.Length == 0 || Encoding.UTF8.GetByteCount(key) > 1000)
            {
                throw Invalid($"A {name} key of {Encoding.UTF8.GetByteCount(key)} bytes is not possible: give 1 to 1000 bytes, or null for the task as a whole.");
            }

            InvocationRules.CheckText(key, $"{name} key");
        }
    }

    /// <summary>How the options pace an invoke; null: not at all.</summary>
    public static Pace? PaceOf(InvokeOptions options) =>
        options.Throttle is { } throttle ? new Pace(IsThrottle: true, throttle.Period, throttle.Key, throttle.Edge, null)
        : options.Debounce is { } debounce ? new Pace(IsThrottle: false, debounce.Delay, debounce.Key, debounce.Edge, debounce.MaxWait)
        : null;

    private static ConductorException Invalid(string message) => new(ConductorErrorCode.InvalidArgument, message);
}
