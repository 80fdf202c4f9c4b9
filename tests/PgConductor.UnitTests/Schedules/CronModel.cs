using FsCheck;
using FsCheck.Fluent;

namespace PgConductor.UnitTests.Schedules;

/// <summary>A cron expression as text, together with what it means, said a second time and as simply as possible.</summary>
/// <param name="Text">To be parsed.</param>
/// <param name="Matches">Whether a local time is selected.</param>
/// <param name="EveryHour">Whether the hours say nothing.</param>
internal sealed record CronModel(string Text, Func<DateTime, bool> Matches, bool EveryHour)
{
    private static readonly string[] _months = ["", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] _weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "7"];

    /// <summary>Expressions of five and six fields whose ticks may be anywhere.</summary>
    public static Gen<CronModel> Any =>
        from second in Gen.Frequency((3, Gen.Constant(new PlainField("", [0]))), (1, Plain(0, 59, "second")))
        from minute in Plain(0, 59, "minute")
        from hour in Plain(0, 23, "hour")
        from days in Dates
        select new CronModel(
            $"{second.Text} {minute.Text} {hour.Text} {days.Text}".TrimStart(),
            time => days.Matches(time) && hour.Values.Contains(time.Hour) && minute.Values.Contains(time.Minute) && second.Values.Contains(time.Second),
            hour.Values.Count == 24);

    /// <summary>Expressions that run once a day, at midnight, on days that may be rare.</summary>
    public static Gen<CronModel> Midnights => Dates.Select(days => new CronModel("0 0 " + days.Text, time => time.TimeOfDay == TimeSpan.Zero && days.Matches(time), false));

    /// <summary>Expressions that run on every day.</summary>
    public static Gen<CronModel> Times =>
        from minute in Plain(0, 59, "minute")
        from hour in Gen.Frequency((1, Gen.Constant(new PlainField("*", [.. Enumerable.Range(0, 24)]))), (3, Plain(0, 23, "hour")))
        select new CronModel($"{minute.Text} {hour.Text} * * *", time => time.Second == 0 && hour.Values.Contains(time.Hour) && minute.Values.Contains(time.Minute), hour.Values.Count == 24);

    private static Gen<(string Text, Func<DateTime, bool> Matches)> Dates =>
        from plainDays in Plain(1, 31, "day")
        from specialDays in SpecialDay.ListOf(2)
        from dayKind in Gen.Choose(0, 4)
        from month in Gen.Frequency((1, Gen.Constant(new PlainField("*", [.. Enumerable.Range(1, 12)]))), (1, Plain(1, 12, "month")))
        from plainWeekdays in Plain(0, 7, "weekday")
        from specialWeekdays in SpecialWeekday.ListOf(2)
        from weekdayKind in Gen.Choose(0, 4)
        let day = Combine(dayKind, plainDays, [.. specialDays], 31)
        let weekday = Combine(weekdayKind, plainWeekdays, [.. specialWeekdays], 7)
        select ($"{day.Text} {month.Text} {weekday.Text}", Both(day, month, weekday));

    private static Func<DateTime, bool> Both(Part day, PlainField month, Part weekday) => time =>
        month.Values.Contains(time.Month)
        && (day.Restricted && weekday.Restricted
            ? day.Matches(time) || weekday.Matches(time)
            : (!day.Restricted || day.Matches(time)) && (!weekday.Restricted || weekday.Matches(time)));

    private static Part Combine(int kind, PlainField plain, Special[] special, int size)
    {
        bool PlainMatches(DateTime time) => plain.Values.Contains(size == 7 ? (int)time.DayOfWeek : time.Day);
        bool SpecialMatches(DateTime time) => special.Any(item => item.Matches(time));
        var specialText = string.Join(',', special.Select(item => item.Text));
        return kind switch
        {
            0 => new("*", false, _ => true),
            1 => new("?", false, _ => true),
            2 => new(plain.Text, plain.Values.Count < size, PlainMatches),
            3 => new(specialText, true, SpecialMatches),
            _ => new($"{plain.Text},{specialText}", plain.Values.Count < size, time => PlainMatches(time) || SpecialMatches(time)),
        };
    }

    /// <summary>A list of one to three values, ranges and steps.</summary>
    private static Gen<PlainField> Plain(int min, int max, string kind) =>
        from count in Gen.Choose(1, 3)
        from items in Item(min, max, kind).ListOf(count)
        select new PlainField(string.Join(',', items.Select(item => item.Text)), [.. items.SelectMany(item => item.Values).Select(value => kind == "weekday" ? value % 7 : value)]);

    private static Gen<PlainField> Item(int min, int max, string kind) =>
        from shape in Gen.Choose(0, 5)
        from one in Gen.Choose(min, max)
        from two in Gen.Choose(min, max)
        from step in Gen.Choose(1, Math.Min(max - min - 1, 12))
        from named in Gen.Choose(0, 1)
        let last = kind == "weekday" ? 6 : max
        let low = Math.Min(one, two)
        let high = Math.Max(one, two)
        let oneText = Value(one, kind, named == 1)
        let lowText = Value(low, kind, named == 1)
        let highText = Value(high, kind, false)
        select shape switch
        {
            0 => new PlainField($"*/{step}", Steps(min, last, step)),
            1 => new PlainField($"{lowText}-{highText}", Steps(low, high, 1)),
            2 => new PlainField($"{lowText}-{highText}/{step}", Steps(low, high, step)),
            3 when !(kind == "weekday" && one == 7) => new PlainField($"{oneText}/{step}", Steps(one, last, step)),
            // Around the end: what lies between is left out.
            4 when kind != "day" && high < last && low < high => new PlainField($"{highText}-{lowText}", [.. Steps(high, last, 1), .. Steps(min, low, 1)]),
            _ => new PlainField(oneText, [one]),
        };

    private static Gen<Special> SpecialDay =>
        from shape in Gen.Choose(0, 4)
        from day in Gen.Choose(1, 31)
        from before in Gen.Choose(1, 30)
        select shape switch
        {
            0 => new Special("L", time => time.Day == Length(time)),
            1 => new Special($"L-{before}", time => time.Day == Length(time) - before),
            2 => new Special("LW", time => IsNearest(time, Length(time))),
            3 => new Special($"L-{before}W", time => IsNearest(time, Length(time) - before)),
            _ => new Special($"{day}W", time => IsNearest(time, day)),
        };

    private static Gen<Special> SpecialWeekday =>
        from last in Gen.Choose(0, 1)
        from weekday in Gen.Choose(0, 7)
        from nth in Gen.Choose(1, 5)
        from named in Gen.Choose(0, 1)
        let text = Value(weekday, "weekday", named == 1)
        select last == 1
            ? new Special(text + "L", time => (int)time.DayOfWeek == weekday % 7 && time.Day + 7 > Length(time))
            : new Special($"{text}#{nth}", time => (int)time.DayOfWeek == weekday % 7 && (time.Day + 6) / 7 == nth);

    /// <summary>Whether a day is the weekday of its month that is nearest to another.</summary>
    private static bool IsNearest(DateTime time, int day)
    {
        if (day < 1 || day > Length(time))
        {
            return false;
        }

        return time.Day == Enumerable.Range(1, Length(time))
            .Where(other => new DateTime(time.Year, time.Month, other).DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday))
            .MinBy(other => Math.Abs(other - day));
    }

    private static int Length(DateTime time) => DateTime.DaysInMonth(time.Year, time.Month);

    private static HashSet<int> Steps(int from, int to, int step) => [.. Enumerable.Range(0, ((to - from) / step) + 1).Select(index => from + (index * step))];

    private static string Value(int value, string kind, bool named) => (kind, named) switch
    {
        ("month", true) => _months[value],
        ("weekday", true) => _weekdays[value],
        _ => $"{value}",
    };

    private sealed record PlainField(string Text, HashSet<int> Values);

    private sealed record Special(string Text, Func<DateTime, bool> Matches);

    private sealed record Part(string Text, bool Restricted, Func<DateTime, bool> Matches);
}
