using System.Globalization;
using PgConductor.Schedules;
using Xunit;

namespace PgConductor.UnitTests.Schedules;

/// <summary>What the changes of a zone's clock do to ticks, one example each.</summary>
public sealed class CronZoneTests
{
    // New York 2026: 02:00 becomes 03:00 on 8 March; 02:00 becomes 01:00 on 1 November.
    [Theory]
    // A gap: a time in it runs once, when it ends.
    [InlineData("America/New_York", "30 2 * * *", "2026-03-07 12:00 -05", "2026-03-08 03:00 -04", "2026-03-09 02:30 -04")]
    [InlineData("America/New_York", "30 2 8 3 *", "2026-03-07 12:00 -05", "2026-03-08 03:00 -04", "2027-03-08 02:30 -05")]
    [InlineData("America/New_York", "0,30 2 * * *", "2026-03-07 12:00 -05", "2026-03-08 03:00 -04", "2026-03-09 02:00 -04")]
    [InlineData("America/New_York", "*/15 2 * * *", "2026-03-07 12:00 -05", "2026-03-08 03:00 -04", "2026-03-09 02:00 -04")]
    [InlineData("America/New_York", "0 2,3 * * *", "2026-03-07 12:00 -05", "2026-03-08 03:00 -04", "2026-03-09 02:00 -04")]
    [InlineData("America/New_York", "30 1-3 * * *", "2026-03-08 01:00 -05", "2026-03-08 01:30 -05", "2026-03-08 03:00 -04", "2026-03-08 03:30 -04", "2026-03-09 01:30 -04")]
    [InlineData("America/New_York", "0 */2 * * *", "2026-03-08 00:00 -05", "2026-03-08 03:00 -04", "2026-03-08 04:00 -04")]
    [InlineData("America/New_York", "30 2 * * *", "2026-03-08 03:00 -04", "2026-03-09 02:30 -04")]
    [InlineData("America/New_York", "0 2 * * *", "2026-03-08 01:59 -05", "2026-03-08 03:00 -04", "2026-03-09 02:00 -04")]
    [InlineData("America/New_York", "0 3 * * *", "2026-03-08 01:59 -05", "2026-03-08 03:00 -04", "2026-03-09 03:00 -04")]
    [InlineData("America/New_York", "0 12 * * *", "2026-03-07 12:00 -05", "2026-03-08 12:00 -04")]
    // A gap and every hour: nothing more because of it.
    [InlineData("America/New_York", "*/30 * * * *", "2026-03-08 01:00 -05", "2026-03-08 01:30 -05", "2026-03-08 03:00 -04", "2026-03-08 03:30 -04")]
    [InlineData("America/New_York", "0 * * * *", "2026-03-08 00:00 -05", "2026-03-08 01:00 -05", "2026-03-08 03:00 -04", "2026-03-08 04:00 -04")]
    [InlineData("America/New_York", "30 * * * *", "2026-03-08 00:30 -05", "2026-03-08 01:30 -05", "2026-03-08 03:30 -04")]
    [InlineData("America/New_York", "30 0-23 8 3 *", "2026-03-08 00:30 -05", "2026-03-08 01:30 -05", "2026-03-08 03:30 -04")]
    // An overlap: the first time.
    [InlineData("America/New_York", "30 1 * * *", "2026-10-31 12:00 -04", "2026-11-01 01:30 -04", "2026-11-02 01:30 -05")]
    [InlineData("America/New_York", "0,30 1 * * *", "2026-10-31 12:00 -04", "2026-11-01 01:00 -04", "2026-11-01 01:30 -04", "2026-11-02 01:00 -05")]
    [InlineData("America/New_York", "*/30 1 * * *", "2026-10-31 12:00 -04", "2026-11-01 01:00 -04", "2026-11-01 01:30 -04", "2026-11-02 01:00 -05")]
    [InlineData("America/New_York", "0 1,2 * * *", "2026-10-31 12:00 -04", "2026-11-01 01:00 -04", "2026-11-01 02:00 -05", "2026-11-02 01:00 -05")]
    [InlineData("America/New_York", "30 1 1 11 *", "2026-01-01 12:00 -05", "2026-11-01 01:30 -04", "2027-11-01 01:30 -04")]
    [InlineData("America/New_York", "30 1 * * *", "2026-11-01 01:45 -04", "2026-11-02 01:30 -05")]
    [InlineData("America/New_York", "30 1 * * *", "2026-11-01 01:10 -05", "2026-11-02 01:30 -05")] // asked in the second half
    [InlineData("America/New_York", "30 1 * * *", "2026-11-01 01:00 -05", "2026-11-02 01:30 -05")]
    [InlineData("America/New_York", "0 2 * * *", "2026-11-01 01:10 -05", "2026-11-01 02:00 -05")]
    [InlineData("America/New_York", "0 2 * * *", "2026-11-01 01:10 -04", "2026-11-01 02:00 -05")]
    // An overlap and every hour: both times.
    [InlineData("America/New_York", "*/30 * * * *", "2026-11-01 00:30 -04", "2026-11-01 01:00 -04", "2026-11-01 01:30 -04", "2026-11-01 01:00 -05", "2026-11-01 01:30 -05", "2026-11-01 02:00 -05")]
    [InlineData("America/New_York", "0 * * * *", "2026-11-01 00:30 -04", "2026-11-01 01:00 -04", "2026-11-01 01:00 -05", "2026-11-01 02:00 -05")]
    [InlineData("America/New_York", "0 * 1 11 *", "2026-01-01 12:00 -05", "2026-11-01 00:00 -04", "2026-11-01 01:00 -04", "2026-11-01 01:00 -05", "2026-11-01 02:00 -05")]
    // Half an hour.
    [InlineData("Australia/Lord_Howe", "15 2 * * *", "2026-10-03 12:00 +10:30", "2026-10-04 02:30 +11", "2026-10-05 02:15 +11")]
    [InlineData("Australia/Lord_Howe", "45 1 * * *", "2026-04-04 12:00 +11", "2026-04-05 01:45 +11", "2026-04-06 01:45 +10:30")]
    [InlineData("Australia/Lord_Howe", "*/15 * * * *", "2026-04-05 01:30 +11", "2026-04-05 01:45 +11", "2026-04-05 01:30 +10:30", "2026-04-05 01:45 +10:30", "2026-04-05 02:00 +10:30")]
    // Midnight itself.
    [InlineData("America/Santiago", "0 0 * * *", "2026-09-05 12:00 -04", "2026-09-06 01:00 -03", "2026-09-07 00:00 -03")]
    [InlineData("America/Santiago", "0 0 * * SUN", "2026-09-05 12:00 -04", "2026-09-06 01:00 -03", "2026-09-13 00:00 -03")]
    [InlineData("America/Havana", "30 0 * * *", "2026-10-31 12:00 -04", "2026-11-01 00:30 -04", "2026-11-02 00:30 -05")]
    // A whole day that was not: Samoa had no 30 December 2011.
    [InlineData("Pacific/Apia", "0 12 * * *", "2011-12-28 12:00 -10", "2011-12-29 12:00 -10", "2011-12-31 00:00 +14", "2011-12-31 12:00 +14", "2012-01-01 12:00 +14")]
    [InlineData("Pacific/Apia", "0 12 30 12 *", "2011-06-01 12:00 -11", "2011-12-31 00:00 +14", "2012-12-30 12:00 +14")]
    [InlineData("Pacific/Apia", "30 * * * *", "2011-12-29 22:30 -10", "2011-12-29 23:30 -10", "2011-12-31 00:30 +14")]
    public void The_next_ticks_are(string zone, string text, string after, params string[] expected)
    {
        var (expression, clock) = (CronExpression.Parse(text), ScheduleTimeZone.Find(zone));
        var tick = Local(after);
        foreach (var one in expected)
        {
            var next = expression.Next(tick, clock);

            Assert.True(Local(one) == next, $"{text} after {tick:O}: {next:O} instead of {one}");
            tick = next.Value;
        }
    }

    [Theory]
    [InlineData("W. Europe Standard Time", "Europe/Berlin")]
    [InlineData("Europe/Berlin", "Europe/Berlin")]
    [InlineData("UTC", "UTC")]
    public void A_zone_has_its_iana_name(string id, string iana) => Assert.Equal(iana, ScheduleTimeZone.Find(id).Id);

    [Theory]
    [InlineData("Europe/Berln", "\"Europe/Berln\" is not known to this machine: give an IANA name in its exact spelling, such as \"Europe/Berlin\"")]
    [InlineData("", "\"\" is not known to this machine")]
    [InlineData("Europe", "\"Europe\" is not known to this machine")]
    [InlineData("../Europe/Berlin", "\"../Europe/Berlin\" is not known to this machine")]
    [InlineData("+02:00", "\"+02:00\" is not known to this machine")]
    [InlineData("localtime", "\"localtime\" is another one on every machine")]
    [InlineData("Local", "\"Local\" is another one on every machine")]
    [InlineData("right/Europe/Berlin", "\"right/Europe/Berlin\" counts leap seconds")]
    public void A_zone_that_cannot_be_is_named_with_the_remedy(string id, string fault)
    {
        var exception = Assert.Throws<ConductorException>(() => ScheduleTimeZone.Find(id));

        Assert.Equal(ConductorErrorCode.InvalidArgument, exception.Code);
        Assert.Contains(fault, exception.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => ScheduleTimeZone.Find(null!));
    }

    private static DateTimeOffset Local(string text) => DateTimeOffset.ParseExact(text, ["yyyy-MM-dd HH:mm zz", "yyyy-MM-dd HH:mm zzz"], CultureInfo.InvariantCulture, DateTimeStyles.None);
}
