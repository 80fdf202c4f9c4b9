using FsCheck;
using FsCheck.Fluent;
using PgConductor.Schedules;
using Quartz;
using Xunit;
using CronExpression = PgConductor.Schedules.CronExpression;

namespace PgConductor.UnitTests.Schedules;

/// <summary>The same expressions as Quartz reads them, where both mean the same.</summary>
/// <remarks>
/// Left out, because Quartz differs: two "#" in one field, the 31W of a short month (which it moves to the last day), six fields
/// (whose days of the week it numbers from 1), and what docs/adr/0011-cron.md says about its zones.
/// </remarks>
public sealed class CronOracleTests
{
    private static readonly Gen<string> _texts =
        from minute in Gen.OneOf(Gen.Elements("*", "*/7", "3,9-14,50", "20/13", "55-5"), Gen.Choose(0, 59).Select(value => $"{value}"))
        from hour in Gen.OneOf(Gen.Elements("*", "*/5", "1,2,3", "22-2", "6-18/4"), Gen.Choose(0, 23).Select(value => $"{value}"))
        from day in Gen.Elements("*", "?", "1", "31", "*/9", "10-20", "L", "L-4", "LW", "1W", "15W", "28W", "L-2W")
        from month in Gen.Elements("*", "2", "JAN-MAR", "*/5", "NOV-FEB", "4,6,9")
        from weekday in Gen.Elements("*", "?", "0", "7", "MON-FRI", "FRI-MON", "2,4", "5L", "SUNL", "3#1", "SAT#5", "7#2")
        select $"{minute} {hour} {day} {month} {weekday}";

    private static readonly Gen<DateTimeOffset> _instants = Gen.Choose(0, 30 * 366 * 24 * 60).Select(minutes => new DateTimeOffset(2015, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(minutes));

    [Fact]
    public void Our_ticks_are_those_of_quartz() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll((from text in _texts from start in _instants select (text, start)).ToArbitrary(), one =>
        {
            var (ours, theirs) = (CronExpression.Parse(one.text), Quartz.CronExpression.Parse(one.text, CronFormat.Unix).WithTimeZone(TimeZoneInfo.Utc));
            var (our, their) = ((DateTimeOffset?)one.start, (DateTimeOffset?)one.start);

            // Quartz gives up a hundred years ahead.
            for (var count = 0; count < 5 && our == their && our?.Year < 2060; count++)
            {
                (our, their) = (ours.Next(our.Value, TimeZoneInfo.Utc), theirs.GetNextValidTimeAfter(their!.Value));
            }

            return (our == their || our?.Year > 2100).Label($"{one.text} after {one.start:O}: {our:O}, Quartz {their:O}");
        }));

    [Theory]
    [InlineData("America/New_York")]
    [InlineData("America/St_Johns")]
    [InlineData("America/Santiago")]
    [InlineData("America/Havana")]
    [InlineData("Europe/Berlin")]
    [InlineData("Africa/Cairo")]
    [InlineData("Asia/Beirut")]
    [InlineData("Asia/Tokyo")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("Pacific/Auckland")]
    public void Our_ticks_of_a_year_in_a_zone_are_those_of_quartz(string id)
    {
        var (zone, start, end) = (ScheduleTimeZone.Find(id), CronExpressionTests.Utc("2026-01-01 00:00:00"), CronExpressionTests.Utc("2027-01-01 00:00:00"));

        // What runs every hour runs once more for Quartz when a gap is not of whole hours.
        string[] texts = ["30 0 * * *", "45 1 * * *", "15,30 2 * * *", "0 1,3 * * *", "59 23 * * SAT,SUN", .. id == "Australia/Lord_Howe" ? Array.Empty<string>() : ["0 * * * *"]];
        Assert.All(texts, text =>
        {
            var quartz = Quartz.CronExpression.Parse(text, CronFormat.Unix).WithTimeZone(zone);
            var tick = start;
            foreach (var ours in CronExpression.Parse(text).Between(start, end, zone, int.MaxValue))
            {
                tick = quartz.GetNextValidTimeAfter(tick)!.Value;
                Assert.Equal(tick, ours);
            }

            Assert.True(quartz.GetNextValidTimeAfter(tick) > end);
        });
    }
}
