using System.Numerics;

namespace PgConductor.Schedules;

/// <summary>Finds the times that an expression selects in a calendar without zones.</summary>
internal static class CronCalendar
{
    /// <summary>
    /// How far the search goes. Of all dates that an expression can name, the rarest is a 29 February on a given day of the week
    /// ("MON#5" in February): 40 years lie between two of them around 2100. What is not found in that time does not exist.
    /// </summary>
    private const int Years = 40;

    /// <summary>The first selected time that is not before another, or -1 if there is none before the year 10,000.</summary>
    /// <param name="fields">What is selected.</param>
    /// <param name="ticks">As those of <see cref="DateTime"/>.</param>
    public static long Next(in CronFields fields, long ticks)
    {
        if (ticks > DateTime.MaxValue.Ticks - TimeSpan.TicksPerSecond)
        {
            return -1;
        }

        // Ticks lie on whole seconds.
        var from = new DateTime(Math.Max(0, ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond);
        var (year, month, day) = (from.Year, from.Month, from.Day);
        var days = DaysOf(fields, year, month);
        if ((days & (1U << day)) != 0 && NextTime(fields, from) is >= 0 and var time)
        {
            return from.Date.Ticks + time;
        }

        days &= day == 31 ? 0 : uint.MaxValue << (day + 1);
        for (var last = year + Years; days == 0; days = DaysOf(fields, year, month))
        {
            if (++month > 12)
            {
                month = 1;
                if (++year > last || year > 9999)
                {
                    return -1;
                }
            }
        }

        return new DateTime(year, month, BitOperations.TrailingZeroCount(days)).Ticks + FirstTime(fields);
    }

    /// <summary>The selected days of a month: bits 1 to 31.</summary>
    /// <remarks>If both the day of the month and the day of the week are restricted, either is enough.</remarks>
    public static uint DaysOf(in CronFields fields, int year, int month)
    {
        if ((fields.Months & (1 << month)) == 0)
        {
            return 0;
        }

        var length = DateTime.DaysInMonth(year, month);
        var all = (uint)((1UL << (length + 1)) - 2);
        if (fields.AnyDay && fields.AnyWeekday)
        {
            return all;
        }

        var first = (int)new DateTime(year, month, 1).DayOfWeek;
        if (fields.AnyDay)
        {
            return ByWeekday(fields, first, length) & all;
        }

        var days = ByDay(fields, first, length) & all;
        return fields.AnyWeekday ? days : days | (ByWeekday(fields, first, length) & all);
    }

    private static uint ByDay(in CronFields fields, int first, int length)
    {
        var days = fields.Days;
        for (var rest = fields.DaysFromEnd; rest != 0; rest &= rest - 1)
        {
            var before = BitOperations.TrailingZeroCount(rest);
            days |= before < length ? 1U << (length - before) : 0;
        }

        for (var rest = fields.NearWeekdays; rest != 0; rest &= rest - 1)
        {
            days |= NearWeekday(BitOperations.TrailingZeroCount(rest), first, length);
        }

        for (var rest = fields.NearWeekdaysFromEnd; rest != 0; rest &= rest - 1)
        {
            days |= NearWeekday(length - BitOperations.TrailingZeroCount(rest), first, length);
        }

        return days;
    }

    private static uint ByWeekday(in CronFields fields, int first, int length)
    {
        // The week, turned so that bit 0 is the first of the month, five times.
        var week = (((uint)fields.Weekdays >> first) | ((uint)fields.Weekdays << (7 - first))) & 0x7f;
        var days = (uint)((week * 0x1020_4081UL) << 1);
        for (var rest = fields.NthWeekdays; rest != 0; rest &= rest - 1)
        {
            var (weekday, nth) = Math.DivRem(BitOperations.TrailingZeroCount(rest), 5);
            var day = 1 + ((weekday - first + 7) % 7) + (nth * 7);
            days |= day <= length ? 1U << day : 0;
        }

        var last = (first + length - 1) % 7;
        for (uint rest = fields.LastWeekdays; rest != 0; rest &= rest - 1)
        {
            days |= 1U << (length - ((last - BitOperations.TrailingZeroCount(rest) + 7) % 7));
        }

        return days;
    }

    /// <summary>The weekday nearest to a day of the month, in the same month; nothing if the month has no such day.</summary>
    private static uint NearWeekday(int day, int first, int length)
    {
        if (day < 1 || day > length)
        {
            return 0;
        }

        return ((first + day - 1) % 7) switch
        {
            6 => 1U << (day > 1 ? day - 1 : day + 2),
            0 => 1U << (day < length ? day + 1 : day - 2),
            _ => 1U << day,
        };
    }

    /// <summary>The first selected time of the day that is not before another, in ticks; -1 if there is none.</summary>
    private static long NextTime(in CronFields fields, DateTime from)
    {
        var (hour, minute, second) = (from.Hour, from.Minute, from.Second);
        if ((fields.Hours & (1U << hour)) != 0)
        {
            if ((fields.Minutes & (1UL << minute)) != 0)
            {
                var seconds = fields.Seconds >> second;
                if (seconds != 0)
                {
                    return Time(hour, minute, second + BitOperations.TrailingZeroCount(seconds));
                }
            }

            var minutes = fields.Minutes >> minute >> 1;
            if (minutes != 0)
            {
                return Time(hour, minute + 1 + BitOperations.TrailingZeroCount(minutes), BitOperations.TrailingZeroCount(fields.Seconds));
            }
        }

        var hours = fields.Hours >> hour >> 1;
        return hours == 0 ? -1 : Time(hour + 1 + BitOperations.TrailingZeroCount(hours), BitOperations.TrailingZeroCount(fields.Minutes), BitOperations.TrailingZeroCount(fields.Seconds));
    }

    private static long FirstTime(in CronFields fields) =>
        Time(BitOperations.TrailingZeroCount(fields.Hours), BitOperations.TrailingZeroCount(fields.Minutes), BitOperations.TrailingZeroCount(fields.Seconds));

    private static long Time(int hour, int minute, int second) => ((((hour * 60L) + minute) * 60) + second) * TimeSpan.TicksPerSecond;
}
