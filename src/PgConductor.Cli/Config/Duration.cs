using System.Globalization;

namespace PgConductor.Cli.Config;

/// <summary>Times as config files and options write them: "500ms", "30s", "5m", "2h", "1d".</summary>
internal static class Duration
{
    public const string Remedy = "give a number with a unit, such as \"500ms\", \"30s\", \"5m\", \"2h\" or \"1d\"";

    private static readonly (string Unit, TimeSpan Length)[] _units =
    [
        // "ms" before "m" and "s", which it ends with or starts with.
        ("ms", TimeSpan.FromMilliseconds(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
        ("d", TimeSpan.FromDays(1)),
    ];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        foreach (var (unit, length) in _units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && text.Length > unit.Length
                && char.IsAsciiDigit(text[0])
                && char.IsAsciiDigit(text[^(unit.Length + 1)])
                && decimal.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number <= (decimal)TimeSpan.MaxValue.TotalDays / 2 * (decimal)(TimeSpan.FromDays(1) / length))
            {
                duration = TimeSpan.FromTicks((long)(number * length.Ticks));
                return true;
            }
        }

        return false;
    }

    /// <summary>The same back, in the largest unit that needs no fraction longer than one digit.</summary>
    public static string Format(TimeSpan duration)
    {
        foreach (var (unit, length) in _units.Reverse())
        {
            var number = Math.Round((decimal)duration.Ticks / length.Ticks, 1);
            if (number >= 1 && number * length.Ticks == duration.Ticks)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{number:0.#}{unit}");
            }
        }

        return duration == TimeSpan.Zero ? "0s" : string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0.###}ms");
    }
}
