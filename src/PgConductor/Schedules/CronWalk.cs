namespace PgConductor.Schedules;

/// <summary>Finds the next tick of an expression in a time zone.</summary>
/// <remarks>
/// Walks along the stretches of time in which the zone's offset is constant, and asks the zone for nothing but its offset at an
/// instant. Assumes that two changes of a zone are more than a day apart and none is of more than a day: the closest two of
/// the tz database, 1939 included, are four days apart.
/// </remarks>
internal static class CronWalk
{
    private const long Day = TimeSpan.TicksPerDay;

    /// <summary>The first tick after an instant, or null if there is none.</summary>
    public static DateTimeOffset? Next(in CronFields fields, DateTimeOffset after, TimeZoneInfo zone)
    {
        // The instant from which the search goes on, the zone's offset there, and the first local time that counts.
        var at = after.UtcTicks;
        var offset = OffsetAt(zone, at);
        var local = at + offset + 1;
        if (!fields.EveryHour)
        {
            LeaveRepeatedTime(zone, offset, ref at, ref local);
        }

        while (true)
        {
            var tick = CronCalendar.Next(fields, local);
            var instant = tick - offset;
            if (tick < 0 || instant > DateTime.MaxValue.Ticks)
            {
                return null;
            }

            var horizon = Math.Min(instant, at + Day);
            var ahead = OffsetAt(zone, horizon);
            if (ahead == offset)
            {
                if (horizon == instant)
                {
                    return new DateTimeOffset(instant, TimeSpan.Zero);
                }

                // Far away: what the zone does on the way does not matter, only what it does around the tick.
                at = Math.Max(horizon, tick - (2 * Day));
                offset = OffsetAt(zone, at);
                local = tick;
                continue;
            }

            var change = FindChange(zone, at, horizon, offset);
            if (ahead > offset)
            {
                // A gap. What is given by the clock and lies in it runs at its end, once.
                if (tick < change + ahead && !fields.EveryHour)
                {
                    return new DateTimeOffset(change, TimeSpan.Zero);
                }

                at = change;
                local = Math.Max(tick, change + ahead);
            }
            else if (fields.EveryHour)
            {
                at = change;
                local = change + ahead;
            }
            else
            {
                // An overlap. What is given by the clock ran in the first half.
                at = change + offset - ahead;
                local = tick;
            }

            offset = ahead;
        }
    }

    /// <summary>If the instant is in the second half of an overlap, goes to its end.</summary>
    private static void LeaveRepeatedTime(TimeZoneInfo zone, long offset, ref long at, ref long local)
    {
        var before = OffsetAt(zone, at - Day);
        if (before > offset)
        {
            var change = FindChange(zone, at - Day, at, before);
            if (at < change + before - offset)
            {
                at = change + before - offset;
                local = change + before;
            }
        }
    }

    /// <summary>The first instant after one at which the zone has another offset; there must be one up to the other.</summary>
    private static long FindChange(TimeZoneInfo zone, long after, long upTo, long offset)
    {
        // Zones change on whole seconds.
        var (low, high) = (after / TimeSpan.TicksPerSecond, (upTo + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (OffsetAt(zone, middle * TimeSpan.TicksPerSecond) == offset)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return high * TimeSpan.TicksPerSecond;
    }

    private static long OffsetAt(TimeZoneInfo zone, long utc) =>
        zone.GetUtcOffset(new DateTime(Math.Clamp(utc, 0, DateTime.MaxValue.Ticks), DateTimeKind.Utc)).Ticks;
}
