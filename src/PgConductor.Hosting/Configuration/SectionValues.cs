using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace PgConductor.Hosting.Configuration;

/// <summary>The values of one configuration section; what cannot be read becomes a fault and keeps its default.</summary>
internal sealed class SectionValues(IConfigurationSection section, ICollection<string> faults)
{
    private static readonly (string Suffix, double Milliseconds)[] _units =
        [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    public string Text(string name, string fallback) => section[name] ?? fallback;

    public int Integer(string name, int fallback) =>
        Read(name, fallback, "a whole number", static (string text, out int value) => int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out value));

    public bool Boolean(string name, bool fallback) => Read(name, fallback, "true or false", bool.TryParse);

    public TimeSpan Time(string name, TimeSpan fallback) => Read(name, fallback, "a time such as \"00:00:30\", \"30s\" or \"5ms\"", TryTime);

    public LogLevel Level(string name, LogLevel fallback) =>
        Read(name, fallback, "a level: Trace, Debug, Information, Warning, Error, Critical or None", static (string text, out LogLevel value) => Enum.TryParse(text, ignoreCase: true, out value) && Enum.IsDefined(value));

    public Retention? Retention(string name, Retention? fallback) =>
        Read(name, fallback, "\"none\", \"forever\", or a time such as \"7d\"", TryRetention);

    /// <summary>A name that is none of these is a fault: a misspelt setting must not be silently ignored.</summary>
    public void RefuseOthers(IReadOnlyCollection<string> names)
    {
        foreach (var child in section.GetChildren())
        {
            if (!names.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                faults.Add($"{child.Path} is not a setting: there are {string.Join(", ", names)}");
            }
        }

        if (section.Value is { Length: > 0 } value)
        {
            faults.Add($"{section.Path} is \"{value}\", but it must be a section");
        }
    }

    private static bool TryTime(string text, out TimeSpan value)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value);
        }

        foreach (var (suffix, milliseconds) in _units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
                && amount * milliseconds < TimeSpan.MaxValue.TotalMilliseconds)
            {
                value = TimeSpan.FromMilliseconds(amount * milliseconds);
                return true;
            }
        }

        // A bare "30" would be days to TimeSpan.Parse and seconds to most readers.
        value = default;
        return text == "0";
    }

    private static bool TryRetention(string text, out Retention? value)
    {
        value = text.ToLowerInvariant() switch
        {
            "none" => PgConductor.Retention.None,
            "forever" => PgConductor.Retention.Forever,
            _ when TryTime(text, out var time) && time > TimeSpan.Zero && time <= TimeSpan.FromDays(36_525) => PgConductor.Retention.For(time),
            _ => null,
        };
        return value is not null;
    }

    private T Read<T>(string name, T fallback, string expected, TryParse<T> parse)
    {
        if (section[name] is not { } text)
        {
            if (section.GetSection(name).GetChildren().Any())
            {
                faults.Add($"{section.Path}:{name} is a section, but it must be {expected}");
            }

            return fallback;
        }

        if (parse(text.Trim(), out var value))
        {
            return value;
        }

        faults.Add($"{section.Path}:{name} is \"{text}\", but it must be {expected}");
        return fallback;
    }

    private delegate bool TryParse<T>(string text, out T value);
}
