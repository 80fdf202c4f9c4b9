using PgConductor.Schedules;
using Xunit;

namespace PgConductor.UnitTests.Schedules;

/// <summary>A year of every zone's changes, each against a walker that asks the zone's clock every minute.</summary>
public sealed class CronTransitionTests
{
    private static readonly DateTime _year = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly Lazy<List<Change>> _changes = new(() => [.. TimeZoneInfo.GetSystemTimeZones().SelectMany(zone => Changes(zone, _year, _year.AddYears(1)))]);

    /// <summary>Zones and the days on which their clocks were changed in a way that 2026 does not have.</summary>
    public static TheoryData<string, string> Oddities => new()
    {
        { "Pacific/Apia", "2011-12-30" }, // a whole day skipped
        { "Pacific/Kwajalein", "1993-08-21" },
        { "Asia/Pyongyang", "2015-08-14" }, // half an hour back
        { "America/Caracas", "2016-05-01" }, // half an hour forward
        { "Antarctica/Casey", "2010-03-04" }, // three hours back
        { "Europe/Dublin", "1971-10-31" },
        { "Europe/London", "1947-04-13" }, // double summer time
        { "Africa/Casablanca", "2019-05-05" }, // summer time that ends for Ramadan
        { "Asia/Kathmandu", "1985-12-31" }, // a quarter of an hour
    };

    [Fact]
    public void A_year_has_many_changes_of_both_kinds()
    {
        Assert.True(_changes.Value.Count(change => change.IsGap) > 50, $"{_changes.Value.Count} changes");
        Assert.True(_changes.Value.Count(change => !change.IsGap) > 50, $"{_changes.Value.Count} changes");
    }

    [Fact]
    public void A_time_in_a_gap_runs_once_when_it_ends() =>
        Assert.All(_changes.Value.Where(change => change.IsGap), change =>
        {
            var skipped = change.LocalStart + ((change.LocalEnd - change.LocalStart) / 2);
            var daily = CronExpression.Parse($"{skipped.Minute} {skipped.Hour} * * *");
            var once = CronExpression.Parse($"{skipped.Minute} {skipped.Hour} {skipped.Day} {skipped.Month} ?");

            Assert.Equal([change.At], Around(change, daily, 20));
            Assert.Equal([change.At], Around(change, once, 48));
        });

    [Fact]
    public void A_time_in_an_overlap_runs_once_the_first_time() =>
        Assert.All(_changes.Value.Where(change => !change.IsGap), change =>
        {
            var repeated = change.LocalStart + ((change.LocalEnd - change.LocalStart) / 2);
            var first = new DateTimeOffset(repeated, change.Before).ToUniversalTime();
            var daily = CronExpression.Parse($"{repeated.Minute} {repeated.Hour} * * *");

            Assert.Equal([first], Around(change, daily, 20));

            // And not again, whenever in the overlap somebody asks.
            for (var asked = first; asked < change.At + (change.Before - change.After); asked = asked.AddMinutes(1))
            {
                Assert.True(daily.Next(asked, change.Zone) > first.AddHours(20), $"{change} {asked:O}");
            }
        });

    [Fact]
    public void What_runs_every_hour_keeps_its_distance() =>
        Assert.All(_changes.Value, change =>
        {
            foreach (var (text, minutes) in new[] { ("*/15 * * * *", 15), ("7 * * * *", 60), ("0 */1 * * *", 60) })
            {
                var ticks = Around(change, CronExpression.Parse(text), 6);
                var distances = ticks.Zip(ticks.Skip(1), (one, next) => (next - one).TotalMinutes).ToList();

                // Changes by half an hour shift what is not the same in both halves of the hour.
                var shifts = (change.Before - change.After).TotalMinutes % minutes != 0;
                Assert.True(shifts ? distances.TrueForAll(distance => distance <= minutes * 1.5) : distances.TrueForAll(distance => distance == minutes), $"{change} {text}: {string.Join(' ', distances)}");
            }
        });

    [Fact]
    public void Every_expression_does_what_a_walker_does_around_every_change() => Assert.All(_changes.Value, CompareToWalker);

    [Theory]
    [MemberData(nameof(Oddities))]
    public void Every_expression_does_what_a_walker_does_around_the_oddest_changes(string zone, string day)
    {
        var start = DateTime.SpecifyKind(DateTime.Parse(day, System.Globalization.CultureInfo.InvariantCulture), DateTimeKind.Utc);
        var changes = Changes(ScheduleTimeZone.Find(zone), start.AddDays(-1), start.AddDays(2)).ToList();

        CompareToWalker(Assert.Single(changes));
    }

    private static void CompareToWalker(Change change)
    {
        var (start, end) = (change.LocalStart, change.LocalEnd.AddMinutes(-1));
        (string Text, Func<DateTime, bool> Matches, bool EveryHour)[] cases =
        [
            ("*/15 * * * *", time => time.Minute % 15 == 0, true),
            ("7,37 * * * *", time => time.Minute is 7 or 37, true),
            ("*/10 */2 * * *", time => time.Minute % 10 == 0 && time.Hour % 2 == 0, false),
            ("30 0-22 * * *", time => time.Minute == 30 && time.Hour < 23, false),
            ($"0 {start.Hour} * * *", time => time.Minute == 0 && time.Hour == start.Hour, false),
            ($"{end.Minute} {end.Hour} * * *", time => time.Minute == end.Minute && time.Hour == end.Hour, false),
            ($"{start.Minute},{end.Minute} {start.Hour},{(end.Hour + 1) % 24} {start.Day},{end.Day} * *", time => (time.Minute == start.Minute || time.Minute == end.Minute) && (time.Hour == start.Hour || time.Hour == (end.Hour + 1) % 24) && (time.Day == start.Day || time.Day == end.Day), false),
            ("59 23 L * *", time => time is { Minute: 59, Hour: 23 } && time.Day == DateTime.DaysInMonth(time.Year, time.Month), false),
        ];

        // Three days, so that a day that is missing has a neighbour on either side.
        var (from, to) = (change.At.AddHours(-36), change.At.AddHours(36));
        var clock = Enumerable.Range(1, 72 * 60).Select(minute => from.AddMinutes(minute)).Select(at => (At: at, Local: Local(at, change.Zone))).ToList();
        var firsts = new Dictionary<DateTime, DateTimeOffset>();
        foreach (var (at, local) in clock)
        {
            firsts.TryAdd(local, at);
        }

        var skipped = change.IsGap ? Enumerable.Range(0, (int)(change.LocalEnd - change.LocalStart).TotalMinutes).Select(minute => change.LocalStart.AddMinutes(minute)).ToList() : [];
        foreach (var (text, matches, everyHour) in cases)
        {
            var expected = clock.Where(minute => matches(minute.Local) && (everyHour || firsts[minute.Local] == minute.At)).Select(minute => minute.At);
            if (!everyHour && skipped.Exists(local => matches(local)))
            {
                expected = expected.Append(change.At).Distinct().Order();
            }

            Assert.True(
                expected.SequenceEqual(CronExpression.Parse(text).Between(from, to, change.Zone, int.MaxValue)),
                $"{change} {text}: {string.Join(' ', CronExpression.Parse(text).Between(from, to, change.Zone, int.MaxValue).Except(expected))} too many, {string.Join(' ', expected.Except(CronExpression.Parse(text).Between(from, to, change.Zone, int.MaxValue)))} missing");
        }
    }

    private static List<DateTimeOffset> Around(Change change, CronExpression expression, int hours) =>
        [.. expression.Between(change.At.AddHours(-hours), change.At.AddHours(hours), change.Zone, int.MaxValue)];

    private static DateTime Local(DateTimeOffset at, TimeZoneInfo zone) => at.UtcDateTime + zone.GetUtcOffset(at.UtcDateTime);

    /// <summary>Reads the clock of a zone every hour, and every minute of an hour in which it was changed.</summary>
    private static IEnumerable<Change> Changes(TimeZoneInfo zone, DateTime from, DateTime to)
    {
        var before = zone.GetUtcOffset(from);
        for (var hour = from; hour < to; hour = hour.AddHours(1))
        {
            if (zone.GetUtcOffset(hour.AddHours(1)) != before)
            {
                for (var minute = hour; minute < hour.AddHours(1); minute = minute.AddMinutes(1))
                {
                    if (zone.GetUtcOffset(minute.AddMinutes(1)) is var after && after != before)
                    {
                        yield return new(zone, new DateTimeOffset(minute.AddMinutes(1)), before, after);
                        before = after;
                    }
                }
            }
        }
    }

    private sealed record Change(TimeZoneInfo Zone, DateTimeOffset At, TimeSpan Before, TimeSpan After)
    {
        public bool IsGap => After > Before;

        /// <summary>The first local time that is skipped or repeated.</summary>
        public DateTime LocalStart => DateTime.SpecifyKind(At.UtcDateTime + (IsGap ? Before : After), DateTimeKind.Unspecified);

        /// <summary>The first that is not.</summary>
        public DateTime LocalEnd => DateTime.SpecifyKind(At.UtcDateTime + (IsGap ? After : Before), DateTimeKind.Unspecified);

        public override string ToString() => $"{Zone.Id} at {At:O} from {Before} to {After}";
    }
}
