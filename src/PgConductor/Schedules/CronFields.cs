namespace PgConductor.Schedules;

/// <summary>What a cron expression selects, as sets of bits; two expressions with the same sets are equal.</summary>
internal readonly record struct CronFields
{
    public const ulong AllSixty = (1UL << 60) - 1;
    public const uint AllHours = (1U << 24) - 1;
    public const uint AllDays = 0xffff_fffe;
    public const ushort AllMonths = 0x1ffe;
    public const byte AllWeekdays = 0x7f;

    public ulong Seconds { get; init; }

    public ulong Minutes { get; init; }

    public uint Hours { get; init; }

    /// <summary>Days of the month: bits 1 to 31.</summary>
    public uint Days { get; init; }

    /// <summary>"15W": the weekdays nearest to these days: bits 1 to 31.</summary>
    public uint NearWeekdays { get; init; }

    /// <summary>"L-n": bit n, so bit 0 is the last day.</summary>
    public uint DaysFromEnd { get; init; }

    /// <summary>"L-nW": bit n, so bit 0 is "LW".</summary>
    public uint NearWeekdaysFromEnd { get; init; }

    /// <summary>Bits 1 to 12.</summary>
    public ushort Months { get; init; }

    /// <summary>Bits 0 (Sunday) to 6.</summary>
    public byte Weekdays { get; init; }

    /// <summary>"d#n": bit d * 5 + n - 1.</summary>
    public ulong NthWeekdays { get; init; }

    /// <summary>"dL": bits 0 (Sunday) to 6.</summary>
    public byte LastWeekdays { get; init; }

    /// <summary>Whether the hours say nothing: only then do ticks follow the time that passes and not the clock on the wall.</summary>
    public bool EveryHour => Hours == AllHours;

    public bool AnyDay => Days == AllDays;

    public bool AnyWeekday => Weekdays == AllWeekdays;

    /// <summary>The same days without what is selected twice, so that equal sets mean equal days.</summary>
    public CronFields Normalize()
    {
        var nth = NthWeekdays;
        for (var weekday = 0; weekday < 7; weekday++)
        {
            if ((Weekdays & (1 << weekday)) != 0)
            {
                nth &= ~(0b11111UL << (weekday * 5));
            }
        }

        return this with
        {
            NearWeekdays = AnyDay ? 0 : NearWeekdays,
            DaysFromEnd = AnyDay ? 0 : DaysFromEnd,
            NearWeekdaysFromEnd = AnyDay ? 0 : NearWeekdaysFromEnd,
            NthWeekdays = nth,
            LastWeekdays = (byte)(LastWeekdays & ~Weekdays),
        };
    }
}
