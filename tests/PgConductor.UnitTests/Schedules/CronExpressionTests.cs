using System.Globalization;
using PgConductor.Schedules;
using Xunit;

namespace PgConductor.UnitTests.Schedules;

/// <summary>What each form of the grammar selects, in UTC; zones have tests of their own.</summary>
public sealed class CronExpressionTests
{
    // 2026-01-01 is a Thursday.
    [Theory]
    [InlineData("* * * * *", "2026-01-01 00:00:00", "2026-01-01 00:01:00", "2026-01-01 00:02:00")]
    [InlineData("*/15 * * * *", "2026-01-01 00:50:00", "2026-01-01 01:00:00", "2026-01-01 01:15:00")]
    [InlineData("5/20 * * * *", "2026-01-01 00:00:00", "2026-01-01 00:05:00", "2026-01-01 00:25:00", "2026-01-01 00:45:00", "2026-01-01 01:05:00")]
    [InlineData("10-20/5 * * * *", "2026-01-01 00:12:00", "2026-01-01 00:15:00", "2026-01-01 00:20:00", "2026-01-01 01:10:00")]
    [InlineData("0,30,45-47 8 * * *", "2026-01-01 08:00:00", "2026-01-01 08:30:00", "2026-01-01 08:45:00", "2026-01-01 08:46:00", "2026-01-01 08:47:00", "2026-01-02 08:00:00")]
    [InlineData("58-1 0 * * *", "2026-01-01 00:00:00", "2026-01-01 00:01:00", "2026-01-01 00:58:00", "2026-01-01 00:59:00", "2026-01-02 00:00:00")]
    [InlineData("0 22-2/2 * * *", "2026-01-01 00:00:00", "2026-01-01 02:00:00", "2026-01-01 22:00:00", "2026-01-02 00:00:00")]
    [InlineData("*/20 * * * * *", "2026-01-01 00:00:00", "2026-01-01 00:00:20", "2026-01-01 00:00:40", "2026-01-01 00:01:00")]
    [InlineData("59 59 23 31 12 *", "2026-01-01 00:00:00", "2026-12-31 23:59:59", "2027-12-31 23:59:59")]
    [InlineData("0 9 * * MON-FRI", "2026-01-02 09:00:00", "2026-01-05 09:00:00", "2026-01-06 09:00:00")]
    [InlineData("0 9 * * fri-mon", "2026-01-01 00:00:00", "2026-01-02 09:00:00", "2026-01-03 09:00:00", "2026-01-04 09:00:00", "2026-01-05 09:00:00", "2026-01-09 09:00:00")]
    [InlineData("0 9 * * 0", "2026-01-01 00:00:00", "2026-01-04 09:00:00", "2026-01-11 09:00:00")]
    [InlineData("0 9 * * 7", "2026-01-01 00:00:00", "2026-01-04 09:00:00", "2026-01-11 09:00:00")]
    [InlineData("0 9 * * 6-7", "2026-01-01 00:00:00", "2026-01-03 09:00:00", "2026-01-04 09:00:00", "2026-01-10 09:00:00")]
    [InlineData("0 9 * * FRI-SUN", "2026-01-01 00:00:00", "2026-01-02 09:00:00", "2026-01-03 09:00:00", "2026-01-04 09:00:00", "2026-01-09 09:00:00")]
    [InlineData("0 9 * * 7/3", "2026-01-01 00:00:00", "2026-01-03 09:00:00", "2026-01-04 09:00:00", "2026-01-07 09:00:00", "2026-01-10 09:00:00")]
    [InlineData("0 9 * * 7-1", "2026-01-01 00:00:00", "2026-01-04 09:00:00", "2026-01-05 09:00:00", "2026-01-11 09:00:00")]
    [InlineData("0 0 1 NOV-FEB/2 *", "2026-01-02 00:00:00", "2026-11-01 00:00:00", "2027-01-01 00:00:00")]
    [InlineData("0 0 1 Jan,7 ?", "2026-01-01 00:00:00", "2026-07-01 00:00:00", "2027-01-01 00:00:00")]
    [InlineData("0 0 31 * *", "2026-01-31 00:00:00", "2026-03-31 00:00:00", "2026-05-31 00:00:00")]
    [InlineData("0 0 29 2 *", "2096-02-29 00:00:00", "2104-02-29 00:00:00")]
    [InlineData("0 0 L * *", "2026-01-01 00:00:00", "2026-01-31 00:00:00", "2026-02-28 00:00:00", "2026-03-31 00:00:00", "2026-04-30 00:00:00")]
    [InlineData("0 0 L-2 2 *", "2026-01-01 00:00:00", "2026-02-26 00:00:00", "2027-02-26 00:00:00", "2028-02-27 00:00:00")]
    [InlineData("0 0 L-30 * *", "2026-01-01 00:00:00", "2026-03-01 00:00:00", "2026-05-01 00:00:00")]
    [InlineData("0 0 1,L * *", "2026-01-01 00:00:00", "2026-01-31 00:00:00", "2026-02-01 00:00:00")]
    [InlineData("0 0 LW * *", "2026-01-01 00:00:00", "2026-01-30 00:00:00", "2026-02-27 00:00:00", "2026-03-31 00:00:00")]
    [InlineData("0 0 L-3W * *", "2026-03-01 00:00:00", "2026-03-27 00:00:00")]
    [InlineData("0 0 15W * *", "2026-01-01 00:00:00", "2026-01-15 00:00:00", "2026-02-16 00:00:00", "2026-03-16 00:00:00")]
    [InlineData("0 0 14W 2 *", "2026-01-01 00:00:00", "2026-02-13 00:00:00")] // a Saturday: the Friday
    [InlineData("0 0 2W 5 *", "2026-01-01 00:00:00", "2026-05-01 00:00:00")] // a Saturday after the first: the Friday
    [InlineData("0 0 1W * *", "2026-01-02 00:00:00", "2026-02-02 00:00:00", "2026-03-02 00:00:00")] // a Sunday: the Monday
    [InlineData("0 0 1W 8 *", "2026-01-01 00:00:00", "2026-08-03 00:00:00")] // a Saturday that is the first: not the month before
    [InlineData("0 0 31W 5 *", "2026-01-01 00:00:00", "2026-05-29 00:00:00")] // a Sunday that is the last: not the month after
    [InlineData("0 0 31W * *", "2026-01-31 00:00:00", "2026-03-31 00:00:00")] // no 31 February, no run
    [InlineData("0 0 * * 5L", "2026-01-01 00:00:00", "2026-01-30 00:00:00", "2026-02-27 00:00:00")]
    [InlineData("0 0 * * SUNL", "2026-01-01 00:00:00", "2026-01-25 00:00:00", "2026-02-22 00:00:00")]
    [InlineData("0 0 * * 7L", "2026-01-01 00:00:00", "2026-01-25 00:00:00")]
    [InlineData("0 0 * * FRI#2", "2026-01-01 00:00:00", "2026-01-09 00:00:00", "2026-02-13 00:00:00")]
    [InlineData("0 0 * * 4#5", "2026-01-01 00:00:00", "2026-01-29 00:00:00", "2026-04-30 00:00:00")]
    [InlineData("0 0 * * 1#1,3#2,5L", "2026-01-01 00:00:00", "2026-01-05 00:00:00", "2026-01-14 00:00:00", "2026-01-30 00:00:00")]
    [InlineData("0 0 ? 2 MON#5", "2069-01-01 00:00:00", "2072-02-29 00:00:00", "2112-02-29 00:00:00")] // 40 years: the longest wait there is
    [InlineData("0 0 13 * FRI", "2026-01-01 00:00:00", "2026-01-02 00:00:00", "2026-01-09 00:00:00", "2026-01-13 00:00:00")] // either
    [InlineData("0 0 */10 * MON", "2026-01-01 00:00:00", "2026-01-05 00:00:00", "2026-01-11 00:00:00", "2026-01-12 00:00:00")]
    [InlineData("0 0 1-31 * MON", "2026-01-01 00:00:00", "2026-01-05 00:00:00", "2026-01-12 00:00:00")] // every day is no restriction
    [InlineData("0 0 13 * 0-6", "2026-01-01 00:00:00", "2026-01-13 00:00:00", "2026-02-13 00:00:00")]
    [InlineData("@yearly", "2026-01-01 00:00:00", "2027-01-01 00:00:00")]
    [InlineData("@annually", "2026-01-01 00:00:00", "2027-01-01 00:00:00")]
    [InlineData("@monthly", "2026-01-01 00:00:00", "2026-02-01 00:00:00")]
    [InlineData("@weekly", "2026-01-01 00:00:00", "2026-01-04 00:00:00")]
    [InlineData("@daily", "2026-01-01 00:00:00", "2026-01-02 00:00:00")]
    [InlineData("@Midnight", "2026-01-01 00:00:00", "2026-01-02 00:00:00")]
    [InlineData("@hourly", "2026-01-01 00:00:00", "2026-01-01 01:00:00")]
    [InlineData("\t0  9\n* * * ", "2026-01-01 00:00:00", "2026-01-01 09:00:00")]
    public void The_next_ticks_are(string text, string after, params string[] expected)
    {
        var expression = CronExpression.Parse(text);
        var tick = Utc(after);
        var found = new List<string>();
        foreach (var _ in expected)
        {
            tick = expression.Next(tick, TimeZoneInfo.Utc)!.Value;
            found.Add(tick.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
        }

        Assert.Equal(expected, found);
        Assert.Equal(TimeSpan.Zero, tick.Offset);
    }

    [Theory]
    [InlineData("0 0 30 2 *")]
    [InlineData("0 0 31 2,4,6,9,11 *")]
    [InlineData("0 0 L-29 2 *")]
    [InlineData("0 0 30W 2 *")]
    public void A_date_that_never_comes_is_null(string text) =>
        Assert.All(new[] { 1, 1999, 2026, 9999 }, year => Assert.Null(CronExpression.Parse(text).Next(new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero), TimeZoneInfo.Utc)));

    [Theory]
    [InlineData("UTC")]
    [InlineData("Pacific/Kiritimati")]
    [InlineData("America/New_York")]
    public void The_ends_of_the_calendar_are_ends_and_not_errors(string zone)
    {
        var expression = CronExpression.Parse("0 0 1 1 *");

        Assert.Null(expression.Next(DateTimeOffset.MaxValue, ScheduleTimeZone.Find(zone)));
        Assert.Null(expression.Next(DateTimeOffset.MaxValue.AddDays(-3), ScheduleTimeZone.Find(zone)));
        Assert.Null(CronExpression.Parse("59 59 23 31 12 *").Next(new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero), ScheduleTimeZone.Find(zone)));
        Assert.True(expression.Next(DateTimeOffset.MinValue, ScheduleTimeZone.Find(zone)) <= new DateTimeOffset(2, 1, 1, 12, 0, 0, TimeSpan.Zero));
        Assert.NotNull(CronExpression.Parse("* * * * * *").Next(DateTimeOffset.MinValue, ScheduleTimeZone.Find(zone)));
    }

    [Fact]
    public void What_is_asked_for_may_have_any_offset_and_fractions_of_a_second()
    {
        var expression = CronExpression.Parse("0 0 * * *");

        Assert.Equal(Utc("2026-01-02 00:00:00"), expression.Next(new DateTimeOffset(2026, 1, 1, 3, 0, 0, TimeSpan.FromHours(3)), TimeZoneInfo.Utc));
        Assert.Equal(Utc("2026-01-01 00:00:00"), expression.Next(Utc("2026-01-01 00:00:00").AddTicks(-1), TimeZoneInfo.Utc));
        Assert.Equal(Utc("2026-01-02 00:00:00"), expression.Next(Utc("2026-01-01 00:00:00").AddTicks(1), TimeZoneInfo.Utc));
    }

    [Fact]
    public void Between_gives_what_lies_after_the_start_up_to_the_end()
    {
        var expression = CronExpression.Parse("0 * * * *");

        Assert.Equal([Utc("2026-01-01 01:00:00"), Utc("2026-01-01 02:00:00")], expression.Between(Utc("2026-01-01 00:00:00"), Utc("2026-01-01 02:00:00"), TimeZoneInfo.Utc, 10));
        Assert.Equal(3, expression.Between(Utc("2026-01-01 00:00:00"), DateTimeOffset.MaxValue, TimeZoneInfo.Utc, 3).Count());
        Assert.Empty(expression.Between(Utc("2026-01-01 00:00:00"), Utc("2026-01-01 00:00:00"), TimeZoneInfo.Utc, 3));
        Assert.Empty(CronExpression.Parse("0 0 30 2 *").Between(Utc("2026-01-01 00:00:00"), DateTimeOffset.MaxValue, TimeZoneInfo.Utc, 3));
    }

    [Fact]
    public void Between_says_at_once_what_is_wrong()
    {
        var expression = CronExpression.Parse("0 * * * *");

        var backwards = Assert.Throws<ConductorException>(() => expression.Between(Utc("2026-01-02 00:00:00"), Utc("2026-01-01 00:00:00"), TimeZoneInfo.Utc, 1));
        var none = Assert.Throws<ConductorException>(() => expression.Between(Utc("2026-01-01 00:00:00"), Utc("2026-01-02 00:00:00"), TimeZoneInfo.Utc, 0));

        Assert.Equal((ConductorErrorCode.InvalidArgument, ConductorErrorCode.InvalidArgument), (backwards.Code, none.Code));
        Assert.Contains("2026-01-01T00:00:00.0000000+00:00 is before", backwards.Message, StringComparison.Ordinal);
        Assert.Contains("At most 0", none.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => expression.Next(Utc("2026-01-01 00:00:00"), null!));
        Assert.Throws<ArgumentNullException>(() => expression.Between(Utc("2026-01-01 00:00:00"), Utc("2026-01-02 00:00:00"), null!, 1));
    }

    [Fact]
    public void Next_allocates_nothing()
    {
        var zone = ScheduleTimeZone.Find("America/New_York");
        var expression = CronExpression.Parse("30 1,2 * * MON-FRI,5L");
        var tick = expression.Next(Utc("2026-01-01 00:00:00"), zone)!.Value;

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            tick = expression.Next(tick, zone)!.Value;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(2027, tick.Year);
    }

    internal static DateTimeOffset Utc(string text) => DateTimeOffset.ParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
