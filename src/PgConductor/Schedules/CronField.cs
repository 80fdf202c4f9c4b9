using System.Globalization;

namespace PgConductor.Schedules;

/// <summary>One field of a cron expression: its name, its values, and what may stand for them.</summary>
internal sealed class CronField(string name, int min, int max, params string[] names)
{
    private static readonly string[] _plain = [];

    public static readonly CronField Second = new("second", 0, 59, _plain);
    public static readonly CronField Minute = new("minute", 0, 59, _plain);
    public static readonly CronField Hour = new("hour", 0, 23, _plain);
    public static readonly CronField Day = new("day-of-month", 1, 31, _plain);
    public static readonly CronField Month = new("month", 1, 12, "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC");
    public static readonly CronField Weekday = new("day-of-week", 0, 6, "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT");

    public string Name => name;

    public int Min => min;

    /// <summary>The largest value of its own; 7 is another word for Sunday.</summary>
    public int Max => max;

    /// <summary>How many values there are.</summary>
    public int Size => max - min + 1;

    /// <summary>The largest step that leads from one value to another.</summary>
    public int MaxStep => max - min;

    /// <summary>Whether the last value is followed by the first. Months have no fixed length, so their days do not go around.</summary>
    public bool Wraps => this != Day;

    /// <summary>Every value.</summary>
    public ulong All => ((1UL << Size) - 1) << min;

    /// <summary>What may be given, in words.</summary>
    public string Remedy => this == Weekday ? "give 0 to 7 (0 and 7 are Sunday) or SUN to SAT"
        : this == Month ? "give 1 to 12 or JAN to DEC"
        : $"give {min} to {max}";

    /// <summary>Reads a number or a name.</summary>
    public bool TryRead(ReadOnlySpan<char> text, out int value, out string? fault)
    {
        fault = null;
        for (value = 0; value < names.Length; value++)
        {
            if (text.Equals(names[value], StringComparison.OrdinalIgnoreCase))
            {
                value += min;
                return true;
            }
        }

        if (text.Length == 0 || text.ContainsAnyExceptInRange('0', '9'))
        {
            fault = $"\"{text}\" is not a value of the {name} field: {Remedy}";
            return false;
        }

        // Too long for an int is too large for a field.
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) || value < min || value > (this == Weekday ? 7 : max))
        {
            fault = $"{name} {text} is out of range: {Remedy}";
            return false;
        }

        return true;
    }

    /// <summary>The values from one to another; around the end if the other is smaller.</summary>
    public ulong Expand(int from, int to, int step)
    {
        var set = 0UL;
        for (var value = from; value <= (to < from ? to + Size : to); value += step)
        {
            set |= 1UL << (min + ((value - min) % Size));
        }

        return set;
    }
}
