using System.Diagnostics.CodeAnalysis;

namespace PgConductor.Schedules;

/// <summary>A cron expression: when a schedule runs, to the second, by the clock of a time zone.</summary>
/// <remarks>
/// <para>Five fields (minute, hour, day-of-month, month, day-of-week) or six (second first); names, lists, ranges, steps, <c>L</c>,
/// <c>W</c>, <c>#</c>, <c>?</c> and <c>@daily</c> and its like. docs/concepts/schedules.md has the grammar.</para>
/// <para>If both day-of-month and day-of-week are restricted, a day that fits either is selected, as in crontab(5).</para>
/// <para>A time that the zone's clock skips runs once, when the gap ends; a time that comes twice runs once, the first time. If every
/// hour is selected, the expression follows the time that passes instead: it runs in both halves of an overlap, and not more
/// because of a gap.</para>
/// <para>Immutable and safe for any number of threads. Reads no clock.</para>
/// </remarks>
public sealed class CronExpression : IEquatable<CronExpression>
{
    private readonly CronFields _fields;
    private readonly string _text;

    private CronExpression(in CronFields fields)
    {
        _fields = fields;
        _text = CronText.Write(fields);
    }

    /// <summary>Whether two expressions select the same.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(CronExpression? left, CronExpression? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether two expressions select something different.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(CronExpression? left, CronExpression? right) => !(left == right);

    /// <summary>Reads an expression.</summary>
    /// <param name="text">Such as "*/5 * * * *" or "0 9 * * MON-FRI"; at most 500 characters; names and letters in either case.</param>
    /// <exception cref="ConductorException">With <see cref="ConductorErrorCode.InvalidArgument"/>: the message names the field, the value and the remedy.</exception>
    public static CronExpression Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var expression, out var fault) ? expression : throw new ConductorException(ConductorErrorCode.InvalidArgument, fault);
    }

    /// <summary>Reads an expression if it is one.</summary>
    /// <param name="text">As for <see cref="Parse"/>; null is none.</param>
    /// <param name="expression">The expression.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out CronExpression? expression) => TryParse(text, out expression, out _);

    /// <summary>Reads an expression if it is one, and says why not if it is not.</summary>
    /// <param name="text">As for <see cref="Parse"/>; null is none.</param>
    /// <param name="expression">The expression.</param>
    /// <param name="fault">The message that <see cref="Parse"/> would throw.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out CronExpression? expression, [NotNullWhen(false)] out string? fault)
    {
        fault = CronParser.Read(text ?? "", out var fields);
        expression = fault is null ? new CronExpression(fields) : null;
        return fault is null;
    }

    /// <summary>The first instant after another at which the expression runs.</summary>
    /// <param name="after">The instant itself does not count. Its offset does not matter.</param>
    /// <param name="zone">By whose clock; see <see cref="ScheduleTimeZone.Find"/>.</param>
    /// <returns>
    /// The instant, in UTC; null if there is none before the year 10,000. The search ends after 40 years, because every date that
    /// there is comes within them: an impossible one ("0 0 30 2 *") costs microseconds.
    /// </returns>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return CronWalk.Next(_fields, after, zone);
    }

    /// <summary>The instants in a time at which the expression runs, in order.</summary>
    /// <param name="from">Where the time begins; the instant itself does not count.</param>
    /// <param name="to">Where it ends; the instant itself counts.</param>
    /// <param name="zone">By whose clock.</param>
    /// <param name="max">At most this many; at least 1.</param>
    /// <returns>Instants in UTC, each found when it is asked for.</returns>
    /// <exception cref="ConductorException">With <see cref="ConductorErrorCode.InvalidArgument"/>: the time ends before it begins, or <paramref name="max"/> is less than 1.</exception>
    public IEnumerable<DateTimeOffset> Between(DateTimeOffset from, DateTimeOffset to, TimeZoneInfo zone, int max)
    {
        ArgumentNullException.ThrowIfNull(zone);
        if (to < from)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"The end {to:O} is before the start {from:O}: give an end that is not earlier.");
        }

        if (max < 1)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"At most {max} instants cannot be given: give 1 or more.");
        }

        return Enumerate(from, to, zone, max);
    }

    /// <inheritdoc/>
    public bool Equals(CronExpression? other) => other is not null && _fields == other._fields;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CronExpression);

    /// <inheritdoc/>
    public override int GetHashCode() => _fields.GetHashCode();

    /// <summary>The canonical text: equal expressions have the same one, and <see cref="Parse"/> reads it back to an equal one.</summary>
    public override string ToString() => _text;

    private IEnumerable<DateTimeOffset> Enumerate(DateTimeOffset from, DateTimeOffset to, TimeZoneInfo zone, int max)
    {
        var tick = Next(from, zone);
        for (var count = 0; count < max && tick <= to; count++)
        {
            yield return tick.Value;
            tick = Next(tick.Value, zone);
        }
    }
}
