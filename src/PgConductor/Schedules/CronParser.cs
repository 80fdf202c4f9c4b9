using System.Globalization;

namespace PgConductor.Schedules;

/// <summary>Reads the text of a cron expression.</summary>
internal ref struct CronParser
{
    /// <summary>Enough for every list that says something, and short enough to be quoted in an error.</summary>
    private const int MaxLength = 500;

    private const string Shape = "give 5 (minute, hour, day-of-month, month, day-of-week) or 6 (second first)";

    private CronFields _fields;
    private string? _fault;

    /// <summary>Reads an expression.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="fields">What it selects.</param>
    /// <returns>What is wrong and the remedy; null: nothing.</returns>
    public static string? Read(string text, out CronFields fields)
    {
        var parser = new CronParser();
        parser.ReadExpression(text);
        fields = parser._fields.Normalize();
        return parser._fault is null ? null : $"The cron expression \"{Shorten(text)}\" cannot be read: {parser._fault}.";
    }

    private static string Shorten(string text) => text.Length <= MaxLength ? text : text[..50] + "…";

    private void ReadExpression(string text)
    {
        if (text.Length > MaxLength)
        {
            _fault = $"it has {text.Length} characters: give at most {MaxLength}; ranges and steps are shorter than lists";
            return;
        }

        var parts = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (parts is [['@', ..] name])
        {
            if (Macro(name) is not { } meaning)
            {
                _fault = $"\"{name}\" is not known: give @yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly, or fields";
                return;
            }

            parts = meaning.Split(' ');
        }

        if (parts.Length is not (5 or 6))
        {
            _fault = parts.Length == 7 ? $"it has 7 fields: {Shape}; there is no field for the year" : $"it has {parts.Length} fields: {Shape}";
            return;
        }

        var first = parts.Length - 5;
        _fields = new CronFields
        {
            Seconds = first == 0 ? 1 : ReadField(CronField.Second, parts[0]),
            Minutes = ReadField(CronField.Minute, parts[first]),
            Hours = (uint)ReadField(CronField.Hour, parts[first + 1]),
        };

        // Into a variable first: their special items are written to _fields on the way.
        var days = (uint)ReadField(CronField.Day, parts[first + 2]);
        var months = (ushort)ReadField(CronField.Month, parts[first + 3]);
        var weekdays = (byte)ReadField(CronField.Weekday, parts[first + 4]);
        _fields = _fields with { Days = days, Months = months, Weekdays = weekdays };
    }

    private static string? Macro(string name) => name.ToUpperInvariant() switch
    {
        "@YEARLY" or "@ANNUALLY" => "0 0 1 1 *",
        "@MONTHLY" => "0 0 1 * *",
        "@WEEKLY" => "0 0 * * 0",
        "@DAILY" or "@MIDNIGHT" => "0 0 * * *",
        "@HOURLY" => "0 * * * *",
        _ => null,
    };

    private ulong ReadField(CronField field, ReadOnlySpan<char> text)
    {
        var set = 0UL;
        if (text is "?" && (field == CronField.Day || field == CronField.Weekday))
        {
            return field.All;
        }

        foreach (var part in text.Split(','))
        {
            if (_fault is not null)
            {
                break;
            }

            var item = text[part];
            if (item.Length == 0)
            {
                _fault = $"the list \"{text}\" of the {field.Name} field has an empty item: remove the surplus comma";
            }
            else if (item is "?")
            {
                _fault = $"\"?\" in \"{text}\" of the {field.Name} field is not possible: write *; only day-of-month and day-of-week take it, alone";
            }
            else if (!(field == CronField.Day && ReadSpecialDay(item)) && !(field == CronField.Weekday && ReadSpecialWeekday(item)))
            {
                set |= ReadItem(field, item);
            }
        }

        return set;
    }

    /// <summary>Reads "*", "a", "a-b", and each with "/n".</summary>
    private ulong ReadItem(CronField field, ReadOnlySpan<char> item)
    {
        var step = 1;
        var slash = item.IndexOf('/');
        var values = slash < 0 ? item : item[..slash];
        if (slash >= 0 && !ReadNumber(item[(slash + 1)..], $"the step of \"{item}\" in the {field.Name} field", 1, field.MaxStep, out step))
        {
            return 0;
        }

        if (values is "*")
        {
            return field.Expand(field.Min, field.Max, step);
        }

        var dash = values.IndexOf('-');
        if (!field.TryRead(dash < 0 ? values : values[..dash], out var from, out _fault))
        {
            return 0;
        }

        if (dash < 0)
        {
            return field.Expand(from, slash < 0 ? from : field.Max, step);
        }

        if (!field.TryRead(values[(dash + 1)..], out var to, out _fault))
        {
            return 0;
        }

        if (to < from && !field.Wraps)
        {
            _fault = $"the range {values} of the {field.Name} field goes backwards, and months differ in length: write {from}-{field.Max},{field.Min}-{to}";
            return 0;
        }

        return field.Expand(from, to, step);
    }

    /// <summary>Reads "L", "L-n", "LW", "L-nW" and "nW"; false if it is none of them.</summary>
    private bool ReadSpecialDay(ReadOnlySpan<char> item)
    {
        var near = item[^1] is 'W' or 'w';
        var rest = near ? item[..^1] : item;
        if (rest is ['L' or 'l', ..])
        {
            var before = 0;
            if (rest.Length > 1 && (rest[1] != '-' || !ReadNumber(rest[2..], $"the days before the last of \"{item}\" in the day-of-month field", 1, 30, out before)))
            {
                _fault ??= $"\"{item}\" is not a value of the day-of-month field: give L, L-n, LW or L-nW";
                return true;
            }

            _fields = near
                ? _fields with { NearWeekdaysFromEnd = _fields.NearWeekdaysFromEnd | (1U << before) }
                : _fields with { DaysFromEnd = _fields.DaysFromEnd | (1U << before) };
            return true;
        }

        if (near && ReadNumber(rest, $"the day of \"{item}\" in the day-of-month field", 1, 31, out var day))
        {
            _fields = _fields with { NearWeekdays = _fields.NearWeekdays | (1U << day) };
        }

        return near;
    }

    /// <summary>Reads "d#n" and "dL"; false if it is neither.</summary>
    private bool ReadSpecialWeekday(ReadOnlySpan<char> item)
    {
        if (item is ['L' or 'l'])
        {
            _fault = "\"L\" alone in the day-of-week field is read in two ways: write 6 or SAT for every Saturday, 5L for the last Friday of the month";
            return true;
        }

        var hash = item.IndexOf('#');
        if (hash < 0 && item[^1] is not ('L' or 'l'))
        {
            return false;
        }

        if (!CronField.Weekday.TryRead(hash < 0 ? item[..^1] : item[..hash], out var weekday, out _fault))
        {
            return true;
        }

        weekday %= 7;
        if (hash < 0)
        {
            _fields = _fields with { LastWeekdays = (byte)(_fields.LastWeekdays | (1 << weekday)) };
        }
        else if (ReadNumber(item[(hash + 1)..], $"the week of \"{item}\" in the day-of-week field", 1, 5, out var nth))
        {
            _fields = _fields with { NthWeekdays = _fields.NthWeekdays | (1UL << ((weekday * 5) + nth - 1)) };
        }

        return true;
    }

    private bool ReadNumber(ReadOnlySpan<char> text, string what, int min, int max, out int value)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= min && value <= max)
        {
            return true;
        }

        _fault = $"{what} is \"{text}\": give {min} to {max}";
        return false;
    }
}
