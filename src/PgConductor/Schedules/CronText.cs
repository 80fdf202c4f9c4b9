using System.Globalization;
using System.Numerics;

namespace PgConductor.Schedules;

/// <summary>Writes a cron expression in its canonical form: the shortest fields, numbers instead of names.</summary>
internal static class CronText
{
    public static string Write(in CronFields fields)
    {
        var text = $"{Values(CronField.Minute, fields.Minutes)} {Values(CronField.Hour, fields.Hours)} {Days(fields)} {Values(CronField.Month, fields.Months)} {Weekdays(fields)}";
        return fields.Seconds == 1 ? text : $"{Values(CronField.Second, fields.Seconds)} {text}";
    }

    private static string Days(in CronFields fields)
    {
        var items = new List<string>();
        AddValues(items, CronField.Day, fields.Days);
        items.AddRange(Bits(fields.NearWeekdays).Select(day => $"{day}W"));
        items.AddRange(Bits(fields.DaysFromEnd).Select(before => before == 0 ? "L" : $"L-{before}"));
        items.AddRange(Bits(fields.NearWeekdaysFromEnd).Select(before => before == 0 ? "LW" : $"L-{before}W"));
        return string.Join(',', items);
    }

    private static string Weekdays(in CronFields fields)
    {
        var items = new List<string>();
        AddValues(items, CronField.Weekday, fields.Weekdays);
        items.AddRange(Bits(fields.NthWeekdays).Select(bit => $"{bit / 5}#{(bit % 5) + 1}"));
        items.AddRange(Bits(fields.LastWeekdays).Select(weekday => $"{weekday}L"));
        return string.Join(',', items);
    }

    private static string Values(CronField field, ulong set)
    {
        var items = new List<string>();
        AddValues(items, field, set);
        return string.Join(',', items);
    }

    private static void AddValues(List<string> items, CronField field, ulong set)
    {
        if (set == field.All)
        {
            items.Add("*");
            return;
        }

        // Two values are clearer as a list than as a step.
        for (var step = 2; step <= field.MaxStep / 2; step++)
        {
            if (set == field.Expand(field.Min, field.Max, step))
            {
                items.Add(string.Create(CultureInfo.InvariantCulture, $"*/{step}"));
                return;
            }
        }

        for (var value = 0; set >> value != 0; value++)
        {
            value += BitOperations.TrailingZeroCount(set >> value);
            var length = BitOperations.TrailingZeroCount(~(set >> value));
            if (length < 3)
            {
                items.Add(value.ToString(CultureInfo.InvariantCulture));
            }
            else
            {
                items.Add(string.Create(CultureInfo.InvariantCulture, $"{value}-{value + length - 1}"));
                value += length - 1;
            }
        }
    }

    private static IEnumerable<int> Bits(ulong set)
    {
        for (; set != 0; set &= set - 1)
        {
            yield return BitOperations.TrailingZeroCount(set);
        }
    }
}
