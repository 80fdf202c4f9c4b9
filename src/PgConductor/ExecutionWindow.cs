using System.Globalization;
using System.Text.RegularExpressions;

namespace PgConductor;

/// <summary>When executions of a task may run: from one time of day to another, on some days of the week or on all.</summary>
/// <remarks>
/// By the clocks of <see cref="TaskOptions.TimeZone"/>; the start is inside, the end outside. A window whose end is not after its start goes
/// over midnight, and its days are those on which it starts. Immutable and safe to share. The database computes with it: see docs/guides/windows.md
/// for what it does when clocks change.
/// </remarks>
public sealed partial class ExecutionWindow : IEquatable<ExecutionWindow>
{
    private static readonly DayOfWeek[] _week =
        [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday, DayOfWeek.Saturday, DayOfWeek.Sunday];

    private static readonly string[] _names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    private readonly string _text;

    /// <summary>Makes a window.</summary>
    /// <param name="start">Its first moment; whole seconds.</param>
    /// <param name="end">The first moment after it; whole seconds. Midnight is that at the day's end, so midnight to midnight is the whole day.</param>
    /// <param name="days">The days on which it starts; none: every day.</param>
    /// <exception cref="ConductorException">Code invalid-argument: it ends where it starts, has parts of seconds, or a day that is none.</exception>
    public ExecutionWindow(TimeOnly start, TimeOnly end, params IReadOnlyCollection<DayOfWeek> days)
    {
        ArgumentNullException.ThrowIfNull(days);
        Start = start;
        End = end;
        Days = [.. _week.Where(day => days.Count == 0 || days.Contains(day))];
        var text = $"{Days.Count switch { 7 => "", _ => $"{string.Join(',', Days.Select(Name))} " }}{Time(start)}-{(end == TimeOnly.MinValue ? "24:00" : Time(end))}";
        if (start == end && start != TimeOnly.MinValue)
        {
            throw Invalid($"The window \"{text}\" ends where it starts: the whole day is 00:00-24:00.");
        }

        if (start.Ticks % TimeSpan.TicksPerSecond != 0 || end.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            throw Invalid($"A window from {start:O} to {end:O} is not possible: its times are whole seconds.");
        }

        if (days.Any(day => !_week.Contains(day)))
        {
            throw Invalid($"A window on {string.Join(", ", days)} is not possible: its days are Sunday to Saturday.");
        }

        _text = text;
    }

    /// <summary>Its first moment.</summary>
    public TimeOnly Start { get; }

    /// <summary>The first moment after it; midnight is that at the day's end.</summary>
    public TimeOnly End { get; }

    /// <summary>The days on which it starts, from Monday on.</summary>
    public IReadOnlyList<DayOfWeek> Days { get; }

    /// <summary>Reads a window as it is written in SQL and in config files: "09:00-17:00", "mon-fri 22:00-06:00", "sat,sun 00:00-24:00".</summary>
    /// <exception cref="ConductorException">Code invalid-argument: it cannot be read; the message says why.</exception>
    public static ExecutionWindow Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var match = Form().Match(text);
        if (!match.Success)
        {
            throw Invalid($"\"{text}\" is not a window: give \"[days ]HH:MM-HH:MM\", such as \"09:00-17:00\", \"mon-fri 22:00-06:00\" or \"sat,sun 00:00-24:00\".");
        }

        var days = match.Groups["days"].Value.Replace(" ", "", StringComparison.Ordinal);
        var end = match.Groups["end"].Value;
        var start = ReadTime(match.Groups["start"].Value, text);
        if (start == TimeOnly.MinValue && (end is "00:00" or "0:00" or "00:00:00" or "0:00:00"))
        {
            throw Invalid($"\"{text}\" is not a window: it ends where it starts; the whole day is 00:00-24:00.");
        }

        return new ExecutionWindow(
            start,
            end is "24:00" or "24:00:00" ? TimeOnly.MinValue : ReadTime(end, text),
            days.Length == 0 ? [] : [.. days.Split(',').SelectMany(item => ReadDays(item, text))]);
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => _text;

    /// <inheritdoc/>
    public bool Equals(ExecutionWindow? other) => other is not null && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ExecutionWindow);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(_text);

    private static IEnumerable<DayOfWeek> ReadDays(string item, string text)
    {
        var ends = item.Split('-').Select(name => Array.IndexOf(_names, name.ToLowerInvariant())).ToArray();
        return ends.Length > 2 || ends.Contains(-1)
            ? throw Invalid($"\"{text}\" is not a window: \"{item}\" is no day: mon, tue, wed, thu, fri, sat, sun, or a range of two of them.")
            : Enumerable.Range(ends[0], ((ends[^1] - ends[0] + 7) % 7) + 1).Select(day => _week[day % 7]);
    }

    private static TimeOnly ReadTime(string time, string text) =>
        TimeOnly.TryParseExact(time, ["H:mm", "H:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var value)
            ? value
            : throw Invalid($"\"{text}\" is not a window: its times must be 00:00 to 23:59:59, the end up to 24:00.");

    private static string Name(DayOfWeek day) => _names[Array.IndexOf(_week, day)];

    private static string Time(TimeOnly time) => time.ToString(time.Second == 0 ? "HH:mm" : "HH:mm:ss", CultureInfo.InvariantCulture);

    private static ConductorException Invalid(string message) => new(ConductorErrorCode.InvalidArgument, message);

    [GeneratedRegex(@"^\s*(?:(?<days>[a-z][a-z, -]*?)\s+)?(?<start>\d{1,2}:\d\d(?::\d\d)?)\s*-\s*(?<end>\d{1,2}:\d\d(?::\d\d)?)\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
